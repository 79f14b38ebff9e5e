"""Waiting for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "subprocesses"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "subprocess", "subprocess_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    count = times(shares)
    program = f" `{shares[0].what}`" if shares[0].what else ""
    return f"waiting for subprocess{program}" + (f" ({count} times)" if count > 1 else "")


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(
        evidence, NAME, "call in this process what {times} times subprocess `{what}` does, or start it once"
    )


CAUSE = Cause(name=NAME, rank=33, words=_words, claims=_claims, advises=_advises)
