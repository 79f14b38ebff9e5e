"""Requests to other servers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, common, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

NAME = "http_requests"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    # A request that the application answers in this very process isn't waited for: it is Python at work.
    waited = left
    if "cpu_time" in stretch.values:
        waited -= stretch.values["cpu_time"] + stretch.values.get("run_delay", 0.0)
    for one in claimed(stretch, "http", "http_time"):
        seconds = min(one.seconds, max(0.0, waited))
        waited -= seconds
        yield replace(one, seconds=seconds)


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'HTTP request')} {common(shares)}".rstrip()


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(evidence, NAME, "answer {what} in the test itself: it is requested {times}")


CAUSE = Cause(name=NAME, rank=36, words=_words, claims=_claims, advises=_advises, bundled=True)
