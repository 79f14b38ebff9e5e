"""How far the speed of the machine, as the controls show it, may be taken out of a suspect.

Controls can be wrong about it in two ways: they share what was changed, so that the change looks like a
slower machine; or they wait for something else than the suspect, such as a database server, and their noise
would be put into figures that are steady by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from paceline.stats.paired import Sides, log_pairs
from paceline.stats.robust import middle, spread

#: Log speeds in both processes of a pair; None for one that doesn't count.
Speeds = Sequence[tuple[float, float] | None]

_LEAST_PAIRS = 3
_LEAST_DRIFT = 0.025
_STANDARD_ERRORS = 3.0
#: Variance of a median by that of a mean, for normal noise.
_MEDIAN = 1.57


def drift(speeds: Speeds) -> float:
    """Return by how much the log speeds of all heads differ from those of their bases; 0 if that is chance.

    The sides take turns, so that the machine has no reason to be slower for one of them in every pair: if the
    controls are, it's the code that they run.
    """
    drifts = [speed[1] - speed[0] for speed in speeds if speed is not None]
    if len(drifts) < _LEAST_PAIRS:
        return 0.0
    common = middle(drifts)
    error = spread(drifts, common) * sqrt(_MEDIAN / len(drifts))
    one_way = all(each * common > 0 for each in drifts)
    return common if one_way and abs(common) > max(_LEAST_DRIFT, _STANDARD_ERRORS * error) else 0.0


def without_drift(speeds: Speeds) -> tuple[tuple[float, float] | None, ...]:
    """Return `speeds` with the machine's share of them only."""
    common = drift(speeds)
    return tuple(None if speed is None else (speed[0], speed[1] - common) for speed in speeds)


def steadier(sides: Sides, speeds: Speeds) -> tuple[tuple[float, float], ...]:
    """Return the log seconds of each pair at equal machine speed, or as they are if they vary less like that.

    How much each side varies says nothing about how they differ, so that this choice favours no answer.
    """
    even = log_pairs(sides[0], sides[1], speeds)
    # Pairs that don't count stay out.
    plain = log_pairs(sides[0], sides[1], [None if speed is None else (0.0, 0.0) for speed in speeds])
    if len(even) < _LEAST_PAIRS:
        return even
    return plain if _variation(plain) < _variation(even) else even


def _variation(pairs: Sequence[tuple[float, float]]) -> float:
    sides = list(zip(*pairs, strict=True))
    return spread([value - middle(side) for side in sides for value in side], 0.0)
