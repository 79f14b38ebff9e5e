"""From the runs of pairs to the figures that a confirmation judges: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from paceline.compare.start import BEFORE_TESTS, Imports
from paceline.model.comparison import SeriesKey
from paceline.model.profile import TIMES, Profile, Summary, TestSeries
from paceline.model.run import PHASES
from paceline.paired.habits import LogPairs
from paceline.stats.controls import yardstick
from paceline.stats.paired import Sides, log_pairs


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The profile of a single run, with its tests and imports at hand."""

    profile: Profile
    imports: Imports | None = None

    @cached_property
    def tests(self) -> dict[str, TestSeries]:
        """The tests by node id."""
        return {test.nodeid: test for test in self.profile.tests}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looped:
    """What several loops in both processes of a pair tell.

    Attributes:
        base: least times of all loops.
        head: the same.
        second: times of the head's second loop.
        nodeids: the tests that ran in all of them; the others' times are those of the first.
    """

    base: Figures
    head: Figures
    second: Figures
    nodeids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The figures of one process of each side, in its first loop.

    Attributes:
        loops: None if there was no other.
    """

    base: Figures
    head: Figures
    loops: Looped | None = None


def all_series(pairs: Sequence[Pair]) -> tuple[LogPairs, ...]:
    """Return the log seconds of every phase of every test, the machine's speed taken out."""
    nodeids = sorted({nodeid for pair in pairs for nodeid in pair.head.tests})
    metric = best_metric(pairs)
    sides: dict[SeriesKey, Sides] = {}
    for nodeid in nodeids:
        for phase in PHASES:
            key = SeriesKey(suite="", subject="test", name=nodeid, phase=phase, metric=metric)
            sides[key] = (
                [value_of(pair.base, key) for pair in pairs],
                [value_of(pair.head, key) for pair in pairs],
            )
    measured = yardstick({key: each for key, each in sides.items() if key.phase == "call"}, len(pairs))
    speeds = measured.speeds if measured is not None else ((0.0, 0.0),) * len(pairs)
    return tuple(log_pairs(base, head, speeds) for base, head in sides.values())


def value_of(figures: Figures, key: SeriesKey) -> float | None:
    """Return the number of the series `key` in a single run; None if it has none."""
    profile = figures.profile
    match key.subject:
        case "test":
            test = figures.tests.get(key.name)
            if test is None or key.phase is None:
                return None
            return _median(test.phases.get(key.phase, {}).get(key.metric))
        case "fixture":
            return _median(profile.fixtures.get(key.name, {}).get(key.metric))
        case "import":
            return figures.imports.of(key.name) if figures.imports is not None else None
        case "part":
            return _part(profile, key)
        case "suite":
            return sum_of(profile, key.metric)


def best_metric(pairs: Sequence[Pair]) -> str:
    """Return the best time that was recorded."""
    for name in TIMES:
        for pair in pairs:
            if any(name in test.phases.get("call", {}) for test in pair.head.tests.values()):
                return name
    return TIMES[-1]


def _part(profile: Profile, key: SeriesKey) -> float | None:
    # A sum over the phases of all tests, or a span of the session.
    if key.name in PHASES:
        return sum_of(profile, key.metric, key.name)
    if key.name == "start":
        known = [_median(profile.totals.get(name, {}).get(key.metric)) for name in BEFORE_TESTS[:-1]]
        return sum(filter(None, known)) if None not in known else None
    return _median(profile.totals.get(key.name, {}).get(key.metric))


def sum_of(
    profile: Profile, metric: str, phase: str | None = None, nodeids: Collection[str] | None = None
) -> float | None:
    """Return the sum of `metric` over the tests, or only over `nodeids`; None if none of them has it.

    Args:
        phase: only this one.
    """
    values = [
        metrics[metric].median
        for test in profile.tests
        if nodeids is None or test.nodeid in nodeids
        for name, metrics in test.phases.items()
        if metric in metrics and phase in (None, name)
    ]
    return sum(values) if values else None


def _median(summary: Summary | None) -> float | None:
    return None if summary is None else summary.median
