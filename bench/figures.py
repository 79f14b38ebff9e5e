"""From samples to rows: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Literal

from configurations import BARE

Quantity = Literal["cpu", "wall"]
#: From so many rounds on, the interval is that of the median.
_ENOUGH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One pytest process.

    Attributes:
        statements: of SQL, in each test; 0: trivial tests.
        workers: of pytest-xdist; 0 runs without it.
        round: 1 for the first; what is compared comes from the same round.
        cpu: user and system seconds of the whole process tree.
        wall: seconds from start to end.
    """

    configuration: str
    tests: int
    statements: int
    workers: int
    round: int
    cpu: float
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a configuration costs more than the bare runs around it, in microseconds per test.

    Attributes:
        low: lower end of the 95 % interval of the median; with fewer than six rounds, the lowest.
    """

    median: float
    low: float
    high: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration of one suite.

    Attributes:
        slope: processor time of each test beyond those of the smallest suite of this kind: start-up and all
            fixed costs are taken out; None for the smallest itself.
    """

    configuration: str
    tests: int
    statements: int
    workers: int
    rounds: int
    cpu: Cost
    wall: Cost
    slope: Cost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """What bare pytest took, in seconds: the median of all its runs."""

    tests: int
    statements: int
    workers: int
    cpu: float
    wall: float


def rows(samples: Sequence[Sample]) -> list[Row]:
    """Return a row for each configuration and suite, in the order of the configurations' names."""
    cases = dict.fromkeys(
        (one.statements, one.workers, one.tests, one.configuration)
        for one in sorted(samples, key=lambda one: (one.statements, one.workers))
    )
    found: list[Row] = []
    for statements, workers, tests, name in cases:
        kind = [one for one in samples if (one.statements, one.workers) == (statements, workers)]
        suite = [one for one in kind if one.tests == tests]
        if name == BARE:
            continue
        cpu, wall = _pairs(suite, name, "cpu"), _pairs(suite, name, "wall")
        smallest = min(one.tests for one in kind)
        small = [one for one in kind if one.tests == smallest]
        if cpu:
            found.append(
                Row(
                    configuration=name,
                    tests=tests,
                    statements=statements,
                    workers=workers,
                    rounds=len(cpu),
                    cpu=_cost(cpu.values(), tests),
                    wall=_cost(wall.values(), tests),
                    slope=_slope(_pairs(small, name, "cpu"), cpu, tests - smallest),
                )
            )
    return found


def bares(samples: Iterable[Sample]) -> list[Bare]:
    """Return what bare pytest took in each suite."""
    of_suite: dict[tuple[int, int, int], list[Sample]] = {}
    for one in samples:
        if one.configuration == BARE:
            of_suite.setdefault((one.statements, one.workers, one.tests), []).append(one)
    return [
        Bare(
            tests=tests,
            statements=statements,
            workers=workers,
            cpu=round(median(one.cpu for one in found), 3),
            wall=round(median(one.wall for one in found), 3),
        )
        for (statements, workers, tests), found in sorted(of_suite.items())
    ]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median; the lowest and the highest of fewer than six."""
    ordered = sorted(values)
    count = len(ordered)
    reach = 0.98 * sqrt(count) if count >= _ENOUGH else count  # 1.96 deviations of a binomial rank
    return ordered[max(0, int(count / 2 - reach))], ordered[min(count - 1, int(count / 2 + reach))]


def _pairs(suite: Sequence[Sample], name: str, quantity: Quantity) -> dict[int, tuple[float, float]]:
    """Return the seconds of the configuration and the mean of the bare runs around it, by round."""
    pairs: dict[int, tuple[float, float]] = {}
    for at, one in enumerate(suite):
        if one.configuration == name:
            before = _bare(reversed(suite[:at]), one.round, quantity)
            after = _bare(suite[at + 1 :], one.round, quantity)
            if before is not None and after is not None:
                pairs[one.round] = (getattr(one, quantity), (before + after) / 2)
    return pairs


def _bare(suite: Iterable[Sample], number: int, quantity: Quantity) -> float | None:
    """Return the seconds of the first bare run of a round."""
    for one in suite:
        if (one.configuration, one.round) == (BARE, number):
            seconds: float = getattr(one, quantity)
            return seconds
    return None


def _slope(
    small: Mapping[int, tuple[float, float]], large: Mapping[int, tuple[float, float]], tests: int
) -> Cost | None:
    both = small.keys() & large.keys()
    if not tests or not both:
        return None
    return _cost([(large[at][0] - small[at][0], large[at][1] - small[at][1]) for at in both], tests)


def _cost(found: Iterable[tuple[float, float]], tests: int) -> Cost:
    pairs = list(found)
    differences = [(seconds - base) / tests * 1e6 for seconds, base in pairs]
    low, high = interval(differences)
    return Cost(
        median=round(median(differences), 1),
        low=round(low, 1),
        high=round(high, 1),
        ratio=round(median(seconds / base for seconds, base in pairs), 3),
    )
