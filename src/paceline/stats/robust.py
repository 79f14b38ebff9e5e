"""Quantiles and spreads that a few wild values don't move; on logarithms where times are meant."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from statistics import NormalDist

#: Turns a median absolute deviation, or half an interquartile range, into a normal standard deviation.
TO_SIGMA = 1 / NormalDist().inv_cdf(0.75)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the sorted, non-empty `ordered` lies, interpolated linearly."""
    place = share * (len(ordered) - 1)
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def middle(values: Sequence[float]) -> float:
    """Return the median of the non-empty `values`; faster than `statistics.median`."""
    return middle_of(sorted(values))


def middle_of(ordered: Sequence[float]) -> float:
    """Return the median of the sorted, non-empty `ordered`."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Sequence[float], centre: float) -> float:
    """Return a robust standard deviation of the non-empty `values` about `centre`.

    The larger of two estimates: the scaled median absolute deviation, and the scaled distance of the upper
    quartile. Timing noise is skewed to the right, and it is the right side that raises false alarms.
    """
    return spread_of(sorted(values), centre)


def spread_of(ordered: Sequence[float], centre: float) -> float:
    """Return the `spread` of the sorted, non-empty `ordered`."""
    deviation = middle([abs(value - centre) for value in ordered])
    return TO_SIGMA * max(deviation, quantile(ordered, 0.75) - centre)
