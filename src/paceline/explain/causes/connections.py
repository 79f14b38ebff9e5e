"""Opening connections, to a database server or another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import claim, claimed, common, counted, grouped, is_connection, saving, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "connections"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    yield from (claim(operation) for operation in stretch.operations if is_connection(operation))
    yield from claimed(stretch, "connect", "connect_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'connection')} to {_server(common(shares))}"


def _advises(evidence: Evidence) -> Iterable[Advice]:
    for (what, where), shares in grouped(evidence, NAME).items():
        opened = times(shares)
        if opened > 1:
            yield Advice(
                text=f"keep the connection to {_server(what)} open, in a pool: it is opened {opened} times",
                where=where,
                saves=saving(shares, 1 - 1 / opened),
            )


def _server(what: str) -> str:
    return what.removeprefix("CONNECT ") or "servers"


CAUSE = Cause(name=NAME, rank=28, words=_words, claims=_claims, advises=_advises, bundled=True)
