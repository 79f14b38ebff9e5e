"""How rare something can be said to be after it was seen so many times in so many trials."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_STEPS = 60


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a proportion after Clopper and Pearson.

    With no success in n trials it is about 3 / n at 95 %: what was never seen isn't impossible.

    Raises:
        ValueError: there are no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} is no proportion")
    if successes == trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _at_most(successes, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(successes: int, trials: int, chance: float) -> float:
    """Return the probability of no more than `successes` in `trials`."""
    if chance <= 0:
        return 1.0
    if chance >= 1:
        return 0.0
    whole = lgamma(trials + 1)
    return sum(
        exp(
            whole
            - lgamma(number + 1)
            - lgamma(trials - number + 1)
            + number * log(chance)
            + (trials - number) * log1p(-chance)
        )
        for number in range(successes + 1)
    )
