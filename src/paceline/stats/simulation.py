"""Made-up times with the shape of measured noise and a known truth: what rules are tried and calibrated on.

Shape and sizes follow runs of four projects' suites on a shared machine: each test has its own spread, what
surrounds a test in time disturbs it too, each process and each job has a speed, and the right tail is heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log, sqrt
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the parts of the noise, as standard deviations of log times unless said otherwise.

    Attributes:
        machine: speed of a process.
        job: what a job adds to a test for all of its runs.
        neighbours: correlation of a test's noise with that of the test before it.
        tail: share of times that something disturbed.
        disturbed: mean of what that adds, in standard deviations of the test.
    """

    machine: float = 0.06
    job: float = 0.037
    neighbours: float = 0.4
    tail: float = 0.03
    disturbed: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A suite on a machine, and the noise of both.

    Attributes:
        seconds: true duration of each test, in the order in which they run.
        sigmas: spread of each test's log times.
    """

    seconds: tuple[float, ...]
    sigmas: tuple[float, ...]
    shape: Shape = field(default_factory=Shape)

    def job(self, random: Random) -> tuple[float, ...]:
        """Return what a new job adds to the log time of each test."""
        return tuple(random.gauss(0, self.shape.job) for _ in self.seconds)

    def run(
        self, random: Random, job: Sequence[float], slower: Mapping[int, float] | None = None
    ) -> tuple[float, ...]:
        """Return the seconds of each test in one process.

        Args:
            slower: number of a test to the true ratio of its time to the usual one.
        """
        shape = self.shape
        speed = random.gauss(0, shape.machine)
        fresh = (1 - shape.neighbours**2) ** 0.5
        around = random.gauss(0, 1)
        times: list[float] = []
        for at, (seconds, sigma) in enumerate(zip(self.seconds, self.sigmas, strict=True)):
            around = shape.neighbours * around + fresh * random.gauss(0, 1)
            noise = sigma * around + job[at] + speed
            if random.random() < shape.tail:
                noise += random.expovariate(1 / (shape.disturbed * sigma))
            times.append(seconds * exp(noise) * (slower or {}).get(at, 1.0))
        return tuple(times)

    def loops(
        self, random: Random, job: Sequence[float], number: int, slower: Mapping[int, float] | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Return the seconds of each test in each loop of one process, which has one speed."""
        speed = exp(random.gauss(0, self.shape.machine))
        steady = replace(self, shape=replace(self.shape, machine=0.0))
        return tuple(
            tuple(speed * seconds for seconds in steady.run(random, job, slower)) for _ in range(number)
        )


def a_suite(random: Random, tests: int, median: float = 0.001, shape: Shape | None = None) -> Machine:
    """Return a suite of as many tests, whose durations spread over four powers of ten.

    Args:
        median: seconds of the test in the middle.
    """
    seconds = tuple(exp(log(median) + random.gauss(0, 1.6)) for _ in range(tests))
    # Short tests vary more: a fixed disturbance is a larger share of them.
    sigmas = tuple(_sigma(value) * exp(random.gauss(0, 0.4)) for value in seconds)
    return Machine(seconds=seconds, sigmas=sigmas, shape=shape or Shape())


def _sigma(seconds: float) -> float:
    return 0.045 + 0.035 * min(1.0, sqrt(0.001 / seconds))
