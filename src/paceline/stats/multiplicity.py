"""Many tests are judged at once: an order in which chance comes last."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import erfc, sqrt
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def adjusted(p_values: Mapping[K, float]) -> dict[K, float]:
    """Return Benjamini and Hochberg's adjusted p-values.

    The family is all that was judged, not only what looks suspicious.
    """
    order = sorted(p_values, key=lambda key: p_values[key], reverse=True)
    smallest = 1.0
    result: dict[K, float] = {}
    for rank, key in zip(range(len(order), 0, -1), order, strict=True):
        smallest = min(smallest, p_values[key] * (len(order) / rank))
        result[key] = smallest
    return result


def upper_tail(z: float) -> float:
    """Return the probability of a normal value above `z`.

    Good for putting series in order and for nothing else: the tails of timing noise are far heavier.
    """
    return erfc(z / sqrt(2)) / 2
