"""Requests to other servers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from paceline.explain.cause import Advice, Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import advice_for_each, claimed, common, counted, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

#: Processor time in requests, as a share of their seconds, from which on nobody else can have answered.
_AT_WORK = 0.25
NAME = "http_requests"


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    found = list(claimed(stretch, "http", "http_time"))
    if not found or _answered_here(stretch, sum(one.seconds for one in found)):
        return
    waited = left - stretch.values.get("cpu_time", 0.0) - stretch.values.get("run_delay", 0.0)
    for one in found:
        seconds = min(one.seconds, max(0.0, waited))
        waited -= seconds
        yield replace(one, seconds=seconds)


def _answered_here(stretch: Stretch, seconds: float) -> bool:
    """Tell whether the application answered requests in this very process: they are Python at work then."""
    connected = any(operation.kind == "connect" for operation in stretch.operations)
    # Whoever answers in another thread waits for a processor as the rest of the run does.
    worked = stretch.values.get("cpu_time", 0.0) * (1 + stretch.crowding)
    return not connected and worked > _AT_WORK * seconds


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return f"{counted(times(shares), 'HTTP request')} {common(shares)}".rstrip()


def _advises(evidence: Evidence) -> Iterable[Advice]:
    return advice_for_each(evidence, NAME, "answer {what} in the test itself: it is requested {times}")


CAUSE = Cause(name=NAME, rank=36, words=_words, claims=_claims, advises=_advises, bundled=True)
