"""Who did what when: a lane of intervals for each process that ran tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from paceline.model.cost import SharedFixture
from paceline.model.run import Run, TestRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From one moment to another, in seconds since the epoch.

    Attributes:
        kind: a phase of a test, or a shared fixture being set up or torn down.
        nodeid: the test; of a shared fixture the one that triggered it, None after the last one.
        name: of the phase, or argname of the fixture.
    """

    kind: Literal["phase", "fixture"]
    name: str
    nodeid: str | None
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One process.

    Attributes:
        worker: "main", or pytest-xdist's name.
        intervals: by their start. A phase contains the shared fixtures that were set up meanwhile.
        busy: seconds in phases and shared fixtures.
        tests: how many tests ran in it.
    """

    worker: str
    intervals: tuple[Interval, ...]
    busy: float
    tests: int

    @property
    def start(self) -> float:
        """When its first interval began."""
        return self.intervals[0].start

    @property
    def end(self) -> float:
        """When its last interval ended."""
        return max(interval.end for interval in self.intervals)

    @property
    def gaps(self) -> float:
        """Seconds between its first and its last moment in which nothing of a test went on."""
        return max(0.0, self.end - self.start - self.busy)

    def strip(self, start: float, end: float, slots: int) -> str:
        """Return what went on in each of `slots` equal pieces of the time from `start` to `end`.

        `#` is a test, `=` a shared fixture, `.` neither.
        """
        drawn = ["."] * slots
        width = (end - start) / slots
        for kind, sign in (("phase", "#"), ("fixture", "=")):  # fixtures lie within phases
            for interval in self.intervals:
                if interval.kind == kind and width > 0:
                    first = int((interval.start - start) / width)
                    after = ceil((interval.end - start) / width - 1e-9)
                    for at in range(max(0, first), min(after, slots)):
                        middle = start + (at + 0.5) * width
                        if kind == "phase" or interval.start <= middle < interval.end:
                            drawn[at] = sign
        return "".join(drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All lanes of a run.

    Attributes:
        lanes: by the name of the worker; without those that ran no test.
        start: when the first test began, anywhere.
        end: when the last one ended.
        alone: the tests that ran when every other worker had run its last one, with their seconds alone.
    """

    lanes: tuple[Lane, ...] = ()
    start: float = 0.0
    end: float = 0.0
    alone: tuple[tuple[str, float], ...] = ()

    @property
    def duration(self) -> float:
        """Seconds from the first test to the end of the last one."""
        return self.end - self.start

    @property
    def idle(self) -> float:
        """Seconds, summed over the workers, between the end of each and the end of the last."""
        return sum(self.end - lane.end for lane in self.lanes)

    @property
    def balanced(self) -> float:
        """Seconds that the tests would have taken had all workers ended together."""
        longest = max((_longest(lane) for lane in self.lanes), default=0.0)
        mean = sum(lane.end - self.start for lane in self.lanes) / len(self.lanes) if self.lanes else 0.0
        return min(self.duration, max(mean, longest))


def wall(values: Mapping[str, float]) -> float:
    """Return the seconds by the clock that `values` stand for; `duration` leaves out what isolation took."""
    return max(0.0, values.get("duration", 0.0)) + max(0.0, values.get("isolation_time", 0.0))


def timeline(run: Run) -> Timeline:
    """Return who did what when; what a run without times of day says is an empty timeline."""
    workers = sorted({test.worker for test in run.tests} | {event.worker for event in run.costs.fixtures})
    lanes = [lane for worker in workers if (lane := _lane(run, worker)) is not None]
    if not lanes:
        return Timeline()
    end = max(lane.end for lane in lanes)
    return Timeline(
        lanes=tuple(lanes),
        start=min(lane.start for lane in lanes),
        end=end,
        alone=_alone(lanes, end),
    )


def busy(run: Run, worker: str) -> float:
    """Return the seconds that a process spent in phases of tests and in shared fixtures."""
    phases = sum(wall(phase.values) for test in run.tests if test.worker == worker for phase in test.phases)
    return phases + sum(wall(event.own) for event in run.costs.fixtures if event.worker == worker)


def _lane(run: Run, worker: str) -> Lane | None:
    tests = [test for test in run.tests if test.worker == worker]
    shared = [event for event in run.costs.fixtures if event.worker == worker]
    intervals = [interval for test in tests for interval in _phases(test, shared)]
    intervals += [
        Interval(
            kind="fixture",
            name=event.argname,
            nodeid=event.nodeid,
            start=event.start,
            end=event.start + wall(event.values),
        )
        for event in shared
    ]
    intervals.sort(key=lambda interval: (interval.start, -interval.end))
    if not intervals:
        return None
    return Lane(
        worker=worker,
        intervals=tuple(intervals),
        busy=busy(run, worker),
        tests=len({test.nodeid for test in tests}),
    )


def _phases(test: TestRecord, shared: Sequence[SharedFixture]) -> list[Interval]:
    """Return when the phases of `test` were, with the shared fixtures that their values don't contain."""
    known = [(phase, phase.start) for phase in test.phases if phase.start is not None]
    found: list[Interval] = []
    for at, (phase, start) in enumerate(known):
        following = known[at + 1][1] if at + 1 < len(known) else float("inf")
        meanwhile = sum(
            wall(event.own)
            for event in shared
            if event.nodeid == test.nodeid and start <= event.start < following
        )
        end = start + wall(phase.values) + meanwhile
        found.append(Interval(kind="phase", name=phase.phase, nodeid=test.nodeid, start=start, end=end))
    return found


def _longest(lane: Lane) -> float:
    """Return the seconds of the longest test of a lane, from its first to its last phase."""
    spent: dict[str, float] = {}
    for interval in lane.intervals:
        if interval.kind == "phase" and interval.nodeid is not None:
            spent[interval.nodeid] = spent.get(interval.nodeid, 0.0) + interval.end - interval.start
    return max(spent.values(), default=0.0)


def _alone(lanes: Sequence[Lane], end: float) -> tuple[tuple[str, float], ...]:
    if len(lanes) < 2:
        return ()
    *_, others, last = sorted(lanes, key=lambda lane: lane.end)
    found: dict[str, float] = {}
    for interval in last.intervals:
        seconds = interval.end - max(interval.start, others.end)
        if interval.kind == "phase" and interval.nodeid is not None and seconds > 0:
            found[interval.nodeid] = found.get(interval.nodeid, 0.0) + seconds
    return tuple(sorted(found.items(), key=lambda item: -item[1])) if end > others.end else ()
