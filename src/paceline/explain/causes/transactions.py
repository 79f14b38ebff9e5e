"""Commits, rollbacks and savepoints: what a database has to make durable, or to undo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paceline.explain.cause import Cause
from paceline.explain.evidence import Evidence
from paceline.explain.operations import common, counted, is_frame, times
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


def _claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    for operation in stretch.operations:
        if is_frame(operation):
            yield Claim(
                seconds=operation.duration or 0.0,
                what=operation.what.partition(" ")[0].upper(),
                where=operation.where,
                count=operation.count,
            )


def _words(shares: Sequence[Share], evidence: Evidence) -> str:
    one = common(shares)
    return counted(times(shares), one) if one else f"{times(shares)} commits, rollbacks and savepoints"


CAUSE = Cause(name="transactions", rank=29, words=_words, claims=_claims, bundled=True)
