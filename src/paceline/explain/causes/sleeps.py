"""Sleeping, where something could be waited for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "sleeps"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "sleep", "sleep_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return counted(times(shares), "sleep")


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(evidence, NAME, "wait for the event itself instead of sleeping: {times}")


CAUSE = Cause(name=NAME, rank=32, words=_words, claims=_claims, advises=_advises, bundled=True)
