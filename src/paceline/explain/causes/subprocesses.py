"""Waiting for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import claimed, common, counted, grouped, saving, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "subprocesses"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "subprocess", "subprocess_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    count = times(shares)
    program = _program(common(shares))
    if program:
        return f"waiting for subprocess `{program}`" + (f" ({count} times)" if count > 1 else "")
    return f"waiting for {counted(count, 'subprocess call')}"


def _advises(evidence: Evidence) -> Iterable[Advice]:
    for (what, where), shares in grouped(evidence, NAME).items():
        program, often = _program(what), counted(times(shares), "time")
        yield Advice(
            text=f"do without subprocess `{program}`, or do its work in this process: waited for {often}",
            where=where,
            saves=saving(shares),
        )


def _program(what: str) -> str:
    return what.removeprefix("wait for ")


CAUSE = Cause(name=NAME, rank=33, words=_words, claims=_claims, advises=_advises, bundled=True)
