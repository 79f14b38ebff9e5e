"""Two versions of one thing, measured in pairs: how sure is it that the second is slower?

Both members of a pair run within seconds of each other, so that the machine's moods cancel out. What is left
is still skewed and has heavy tails, so that nothing is asked of single runs: not of the fastest ones either,
among which one lucky run decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, pi, sqrt

from paceline.stats.noise import PRIOR_WEIGHT
from paceline.stats.robust import middle, spread

#: Seconds of a series on both sides, one for each pair; None where a run has none.
Sides = tuple[Sequence[float | None], Sequence[float | None]]

#: Variance of a median of differences (Hodges and Lehmann's shift) by that of a mean, for normal noise.
_SHIFT = pi / 3
_LEAST_SPREAD = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedScore:
    """How two sides of a series differ.

    Attributes:
        pairs: how many were used.
        median: ratio of the second side to the first, by the median of all differences between their runs.
        sigma: robust standard deviation of the log ratio of a pair.
        z: its logarithm in standard errors; positive is slower.
        faster: the same of the faster halves of both sides. What disturbs a run makes it slower, so that
            chance seldom shifts these as well.
        interval: two standard errors around that ratio.
    """

    pairs: int
    median: float
    sigma: float
    z: float
    faster: float
    interval: tuple[float, float]

    @property
    def least(self) -> float:
        """The lesser of `z` and `faster`, which a slower test has to exceed with both."""
        return min(self.z, self.faster)


def log_pairs(
    base: Sequence[float | None],
    head: Sequence[float | None],
    speeds: Sequence[tuple[float, float] | None],
) -> tuple[tuple[float, float], ...]:
    """Return the log seconds of each pair that is whole: positive and finite on both sides.

    Args:
        base: seconds of the first side, one for each pair; None where the run has none.
        head: likewise for the second side.
        speeds: log speed of the machine in both processes of each pair; None for a pair that doesn't count.
    """
    return tuple(
        (log(before) - speed[0], log(after) - speed[1])
        for before, after, speed in zip(base, head, speeds, strict=True)
        if speed is not None and before is not None and after is not None
        if 0 < before < inf and 0 < after < inf
    )


def paired_score(
    pairs: Sequence[tuple[float, float]], usual: float, weight: float = PRIOR_WEIGHT
) -> PairedScore:
    """Score the log seconds of at least one pair.

    Args:
        usual: standard deviation of a pair's log ratio that similar series have.
        weight: how many pairs `usual` counts for.

    Raises:
        ValueError: there is no pair.
    """
    if not pairs:
        raise ValueError("no pair to score")
    base, head = sorted(before for before, _ in pairs), sorted(after for _, after in pairs)
    centre = _shift(base, head)
    half = (len(base) + 1) // 2
    sigma = _sigma(base, head, usual, weight)
    error = sigma * sqrt(_SHIFT / len(pairs))
    return PairedScore(
        pairs=len(pairs),
        median=exp(centre),
        sigma=sigma,
        z=centre / error,
        faster=_shift(base[:half], head[:half]) / error,
        interval=(exp(centre - 2 * error), exp(centre + 2 * error)),
    )


def detectable(sigma: float, pairs: int, z: float, change: float) -> float:
    """Return the smallest ratio that so many pairs would confirm about half of the time.

    Args:
        sigma: standard deviation of a pair's log ratio.
        z: standard errors that a confirmation asks for.
        change: smallest relative change that it asks for.
    """
    return max(exp(z * sigma * sqrt(_SHIFT / pairs)), 1 + change)


def _shift(base: Sequence[float], head: Sequence[float]) -> float:
    """Return the median of all differences."""
    return middle([after - before for after in head for before in base])


def _sigma(base: Sequence[float], head: Sequence[float], usual: float, weight: float) -> float:
    """Return the standard deviation of a pair's log ratio, from how much each side varies."""
    if len(base) < 2:
        return max(usual, _LEAST_SPREAD)
    residuals = [value - middle(side) for side in (base, head) for value in side]
    own = sqrt(2) * spread(residuals, 0.0)
    shrunk = (len(base) * own * own + weight * usual * usual) / (len(base) + weight)
    return max(sqrt(shrunk), _LEAST_SPREAD)
