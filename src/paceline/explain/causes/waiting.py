"""Waiting for something that isn't recorded: a lock, another thread, a disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    values = stretch.values
    if "cpu_time" in values:
        busy = max(0.0, values["cpu_time"] - values.get("gc_time", 0.0))
        if left > busy:
            yield Claim(seconds=left - busy, what=stretch.phase or "")


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    return "waiting that nothing recorded accounts for"


CAUSE = Cause(name="waiting", rank=50, words=_words, claims=_claims)
