"""The machine was busy: the test was ready to run and had to wait for a processor. Not the test's fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch

#: How much busier the machine may have been for a while than in the whole run.
_CROWDED = 2


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    known = stretch.values.get("run_delay", 0.0)
    if (seconds := known + _of_other_threads(stretch, left, known)) > 0:
        yield Claim(seconds=seconds)


def _of_other_threads(stretch: Stretch, left: float, known: float) -> float:
    """Return how long other threads waited for a processor, of which only their CPU time is recorded.

    What can't be explained otherwise is this, up to a multiple of the run's own wait per second of work.
    """
    worked = stretch.values.get("cpu_time", 0.0)
    return max(0.0, min(_CROWDED * worked * stretch.crowding - known, left - known - worked))


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return "waiting for a processor, because the machine was busy"


CAUSE = Cause(name="machine", rank=41, words=_words, claims=_claims)
