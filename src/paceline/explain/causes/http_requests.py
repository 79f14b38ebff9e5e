"""Requests to other servers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, common, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "http_requests"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return claimed(stretch, "http", "http_time")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'HTTP request')} {common(shares)}".rstrip()


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(evidence, NAME, "answer {what} in the test itself: it is requested {times}")


CAUSE = Cause(name=NAME, rank=36, words=_words, claims=_claims, advises=_advises, bundled=True)
