"""Opening connections, to a database server or another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "connections"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "connect", "connect_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'connection')} to {shares[0].what or 'servers'}"


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(
        evidence, NAME, "keep the connection to {what} in a pool: it is opened {times} times"
    )


CAUSE = Cause(name=NAME, rank=35, words=_words, claims=_claims, advises=_advises)
