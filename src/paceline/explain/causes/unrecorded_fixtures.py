"""Set-up and tear-down of a run whose recorder didn't know fixtures yet."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch


def _heads(stretch: Stretch) -> Hashable | None:
    is_around = stretch.kind == "body" and stretch.phase != "call"
    return stretch.phase if is_around and not stretch.recorded else None


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    name = "set-up" if shares[0].stretch.phase == "setup" else "tear-down"
    return f"{name}, whose fixtures this run did not record"


CAUSE = Cause(name="unrecorded_fixtures", rank=22, words=_words, heads=_heads)
