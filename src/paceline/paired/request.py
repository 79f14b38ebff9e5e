"""What a gate compares, and the figures of one process of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from paceline.compare.compare import compare
from paceline.compare.rules import Rules
from paceline.config import Suite
from paceline.model.baseline import Anchor
from paceline.model.calibration import SuiteCalibration
from paceline.model.comparison import Comparison, Side
from paceline.model.environment import Environment
from paceline.model.profile import Profile
from paceline.model.run import Run
from paceline.paired.habits import Habits
from paceline.paired.loops import ONCE, Loops
from paceline.paired.preparation import Side as Place
from paceline.paired.sample import Bench, Sample, take
from paceline.profile.aggregate import aggregate
from paceline.profile.plan import visible_command


class Watcher(Protocol):
    """Someone who watches a gate."""

    def said(self, message: str) -> None:
        """Something is worth knowing."""

    def pair(self, suite: str, suspects: int, number: int, of: int, left: float) -> None:
        """Pair `number` of at most `of` begins; `left` seconds are the most that it can still take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRequest:
    """What a gate compares.

    Attributes:
        rules: when a series is suspicious.
        budgets: suite to the seconds that it may take.
        controls: how many unsuspicious tests run along.
        loops: how often each process of a pair runs its tests at most.
        deadline: value of the monotonic clock at which it has to end.
        labels: what the base and the head are called in the report.
        calibrations: suite to what was found out about its noise.
        anchors: suite to what it took at a fixed point in its past.
    """

    bench: Bench
    base: Place
    head: Place
    rules: Rules
    budgets: Mapping[str, float]
    controls: int
    deadline: float
    labels: tuple[str, str]
    loops: int = 1
    calibrations: Mapping[str, SuiteCalibration] = field(default_factory=dict[str, SuiteCalibration])
    anchors: Mapping[str, Anchor] = field(default_factory=dict[str, Anchor])

    def habits(self, suite: Suite, environment: Environment | None) -> Habits:
        """Return what is usual for `suite` on a machine with this `environment`."""
        known = self.calibrations.get(suite.name)
        if environment is None:
            return Habits(calibration=None)
        python = environment.python.rpartition(".")[0]
        alike = known is not None and (known.cpu, known.python) == (environment.cpu_model, python)
        return Habits(calibration=known if alike else None)

    def other(self, place: Place) -> Place:
        """Return the side that `place` isn't."""
        return self.head if place is self.base else self.base


@dataclass(slots=True)
class Tally:
    """Counts processes and their time, and knows when there's no time for more."""

    deadline: float
    processes: int = 0
    seconds: float = 0.0

    def allows(self, seconds: float) -> bool:
        """Tell whether something that takes so long would end in time."""
        return time.monotonic() + seconds <= self.deadline

    def add(self, sample: Sample) -> None:
        """Count a process."""
        self.processes += 1
        self.seconds += sample.result.end.duration or 0.0


def sample(
    request: GateRequest,
    suite: Suite,
    place: Place,
    stem: str,
    nodeids: Sequence[str],
    seed: int,
    tally: Tally,
    loops: Loops = ONCE,
) -> Sample:
    """Run the tests `nodeids` of `suite`, or all of it, in one process at `place`."""
    other = request.other(place)
    taken = take(request.bench, place, other, suite, stem, nodeids=nodeids, seed=seed, loops=loops)
    tally.add(taken)
    return taken


def compared(request: GateRequest, suite: Suite, base: Sequence[Run], head: Sequence[Run]) -> Comparison:
    """Lay the runs of both sides beside each other."""
    sides = [
        Side(
            label=label,
            profile=profile_of(suite, runs),
            runs=tuple(runs),
            anchor=request.anchors.get(suite.name),
        )
        for label, runs in zip(request.labels, (base, head), strict=True)
    ]
    return compare(sides[0], sides[1], request.rules, request.budgets.get(suite.name))


def profile_of(suite: Suite, runs: Sequence[Run]) -> Profile:
    """Return the figures of `runs`."""
    return aggregate(suite.name, suite.marker, " ".join(visible_command(suite, 0)), tuple(runs))
