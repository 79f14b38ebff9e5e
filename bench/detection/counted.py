"""Counted series with a known truth, judged as a whole comparison judges them."""

from __future__ import annotations

from random import Random

from paceline.compare.count import judge_count
from paceline.model.comparison import SeriesKey
from paceline.model.metric import Metric
from paceline.model.profile import Summary

_METRIC = Metric(name="sql_statements", unit="1", noise="counted")


def found_and_invented(random: Random, series: int = 20_000, rounds: int = 3) -> dict[str, int]:
    """Return how many of the counts that changed by at least one were told, and how many others.

    A tenth of the series change; some of all of them count nothing on one side, or on both.
    """
    changed = found = invented = 0
    for at in range(series):
        before = random.choice((0, 0, 1, 2, 5, 40, 1200))
        after = before
        if at % 10 == 0:
            after = max(0, before + random.choice((-1, 1, 1, 7)))
        key = SeriesKey(suite="s", subject="test", name=f"t{at}", phase="call", metric=_METRIC.name)
        delta = judge_count(key, _METRIC, _same(before, rounds), _same(after, rounds))
        told = delta is not None and delta.verdict == ("regressed" if after > before else "improved")
        changed += after != before
        found += after != before and told
        invented += after == before and delta is not None
    return {"series": series, "changed": changed, "found": found, "invented": invented}


def _same(value: int, rounds: int) -> Summary | None:
    if not value:
        return None
    return Summary(n=rounds, median=value, spread=0.0, low=value, high=value)
