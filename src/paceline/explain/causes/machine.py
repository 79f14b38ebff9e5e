"""The machine was busy: the test was ready to run and had to wait for a processor. Not the test's fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    if (seconds := stretch.values.get("run_delay", 0.0)) > 0:
        yield Claim(seconds=seconds)


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return "waiting for a processor, because the machine was busy"


CAUSE = Cause(name="machine", rank=41, words=_words, claims=_claims)
