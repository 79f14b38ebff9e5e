"""Robust description of a few measurements."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from paceline.model.profile import Summary


def summarise(values: Sequence[float]) -> Summary:
    """Return the median, the median absolute deviation and the extremes of `values`.

    Raises:
        ValueError: `values` is empty.
    """
    if not values:
        raise ValueError("nothing to summarise")
    centre = median(values)
    spread = median(abs(value - centre) for value in values) if len(values) > 1 else None
    return Summary(n=len(values), median=centre, spread=spread, low=min(values), high=max(values))
