"""Tests that nothing was changed for, measured beside the suspicious ones: the yardstick of a session."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from typing import TypeVar

from paceline.stats.noise import FACTORS, usual_spread
from paceline.stats.paired import Sides
from paceline.stats.robust import middle, spread
from paceline.stats.speed import Speeds, drift

K = TypeVar("K", bound=Hashable)
#: Fewer than this can't tell the speed of the machine.
LEAST_CONTROLS = 10
#: Noise of the least of several loops, by that of a single run.
_OF_LEAST = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What the controls of a session say.

    Attributes:
        speeds: log speed of the machine in both processes of each pair; None for a pair in which they differ
            too much, beside what they differ by in every pair, or nothing was measured.
        sigma: usual standard deviation of the log ratio of a pair; None with too few pairs to tell.
        drift: median ratio of the controls, head by base, before any correction.
    """

    speeds: tuple[tuple[float, float] | None, ...]
    sigma: float | None
    drift: float


def yardstick(controls: Mapping[K, Sides], pairs: int) -> Yardstick | None:
    """Return the speed of the machine in each process and the noise; None for too few controls.

    Args:
        pairs: how many were measured.
    """
    logs = {key: tuple(_logs(side) for side in sides) for key, sides in controls.items()}
    centres = {
        key: middle(known)
        for key, sides in logs.items()
        if (known := [value for side in sides for value in side if value is not None])
    }
    if len(centres) < LEAST_CONTROLS:
        return None
    speeds = _alike(tuple(_speeds(logs, centres, pair) for pair in range(pairs)))
    ratios = {
        key: [
            (after - speed[1]) - (before - speed[0])
            for before, after, speed in zip(*logs[key], speeds, strict=True)
            if before is not None and after is not None and speed is not None
        ]
        for key in centres
    }
    spreads = [spread(values, middle(values)) for values in ratios.values() if len(values) >= 3]
    known_speeds = [speed[1] - speed[0] for speed in speeds if speed is not None]
    return Yardstick(
        speeds=speeds,
        sigma=middle(spreads) if len(spreads) >= LEAST_CONTROLS else None,
        drift=middle(known_speeds) if known_speeds else 0.0,
    )


def usual_pair_spread(measured: Yardstick, seconds: float, *, least: bool = False) -> float:
    """Return the standard deviation of a pair's log ratio that a series of such a duration usually has.

    Args:
        least: each time is the least of several loops.
    """
    by_duration = sqrt(2) * usual_spread(seconds) * (_OF_LEAST if least else 1.0)
    return by_duration if measured.sigma is None else max(measured.sigma, by_duration / 2)


def chosen_controls(durations: Mapping[K, float], nominated: Sequence[K], number: int = 30) -> tuple[K, ...]:
    """Return the tests that are nearest in duration to the `nominated` ones, spread over them.

    Args:
        durations: usual seconds of every test that may be a control, and of the nominated ones.
    """
    free = sorted(
        (log(seconds), at, key) for at, (key, seconds) in enumerate(durations.items()) if seconds > 0
    )
    taken = {*nominated}
    free = [entry for entry in free if entry[2] not in taken]
    wanted = [log(durations[key]) for key in nominated if durations.get(key, 0) > 0]
    chosen: list[K] = []
    while free and wanted and len(chosen) < number:
        goal = wanted[len(chosen) % len(wanted)]
        at = bisect_left(free, goal, key=lambda entry: entry[0])
        if at == len(free) or (at > 0 and goal - free[at - 1][0] <= free[at][0] - goal):
            at -= 1
        chosen.append(free.pop(at)[2])
    return tuple(chosen)


def _logs(side: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(log(value) if value is not None and 0 < value < inf else None for value in side)


def _speeds(
    logs: Mapping[K, tuple[tuple[float | None, ...], ...]], centres: Mapping[K, float], pair: int
) -> tuple[float, float] | None:
    found: list[float] = []
    for side in (0, 1):
        known = [
            value - centre
            for key, centre in centres.items()
            if pair < len(logs[key][side]) and (value := logs[key][side][pair]) is not None
        ]
        if len(known) < LEAST_CONTROLS:
            return None
        found.append(middle(known))
    return found[0], found[1]


def _alike(speeds: Speeds) -> tuple[tuple[float, float] | None, ...]:
    """Return `speeds` without the pairs within which the machine's changed too much.

    What all heads take longer than their bases isn't the machine's, however much it is.
    """
    low, high = FACTORS
    common = drift(speeds)
    return tuple(
        speed if speed is not None and log(low) <= speed[1] - speed[0] - common <= log(high) else None
        for speed in speeds
    )
