"""Series that repeat exactly: a change is a change. Pure."""

from __future__ import annotations

from dataclasses import replace

from paceline.model.comparison import Delta, SeriesKey, Verdict
from paceline.model.metric import Metric
from paceline.model.profile import Summary

NOTHING = Summary(n=1, median=0, spread=None, low=0, high=0)


def judge_count(
    key: SeriesKey, metric: Metric, before: Summary | None, after: Summary | None
) -> Delta | None:
    """Return the change of a count; None if there is none.

    A count that isn't the same in every round of a side is no exact measure of it: there, only ranges that
    don't overlap are a change.

    Args:
        before: None stands for a count of nothing, as for `after`.
    """
    old, new = before or NOTHING, after or NOTHING
    if (old.low, old.high) == (new.low, new.high) and old.median == new.median:
        return None
    delta = Delta(
        key=key,
        evidence="counted",
        verdict="unchanged",
        unit=metric.unit,
        before=old.median,
        after=new.median,
        ratio=new.median / old.median if old.median else None,
        runs=(old.n, new.n),
    )
    if new.low > old.high:
        return replace(delta, verdict=_worse(metric, 1))
    if new.high < old.low:
        return replace(delta, verdict=_worse(metric, -1))
    if old.median == new.median:
        return None
    reason = f"varies from run to run: {_range(old)} and {_range(new)}"
    return replace(delta, verdict="inconclusive", reason=reason)


def _worse(metric: Metric, direction: int) -> Verdict:
    return "regressed" if (direction > 0) == (metric.direction == "lower") else "improved"


def _range(summary: Summary) -> str:
    return f"{summary.low:g}" if summary.low == summary.high else f"{summary.low:g} to {summary.high:g}"
