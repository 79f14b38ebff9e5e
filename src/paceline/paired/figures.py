"""From the runs of pairs to the figures that a confirmation judges: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp

from paceline.compare.confirm import Decision, Suspect, decide
from paceline.compare.rules import GC_COUNT
from paceline.compare.start import BEFORE_TESTS, Imports
from paceline.model.comparison import Delta, SeriesKey
from paceline.model.profile import TIMES, Profile, Summary, TestSeries
from paceline.model.run import PHASES
from paceline.paired.habits import Habits, LogPairs
from paceline.stats.controls import yardstick
from paceline.stats.paired import Sides, log_pairs
from paceline.stats.sequential import TOTALS, Look
from paceline.stats.speed import drift


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
class Pair:
    """The figures of one process of each side."""

    base: Figures
    head: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a series of pairs has measured.

    Attributes:
        controls: node ids of tests that aren't suspected.
        former: node id in the base by that in the head, for tests that were renamed.
        again: whether it is the independent repetition.
    """

    pairs: Sequence[Pair]
    controls: Sequence[str]
    former: Mapping[str, str]
    habits: Habits
    again: bool

    def decisions(self, suspects: Sequence[Delta]) -> dict[SeriesKey, Decision]:
        """Return what to do with each suspect."""
        found: dict[SeriesKey, Decision] = {}
        usual = self.habits.looks(again=self.again)
        for looks in (usual, TOTALS):
            chosen = {
                delta.key: self._suspect(delta.key) for delta in suspects if self._looks(delta.key) == looks
            }
            found |= decide(chosen, self._controls(), len(self.pairs), looks, self.habits.usual)
        return found

    def due(self, suspects: Sequence[Delta]) -> list[Delta]:
        """Return the suspects that are looked at after so many pairs.

        Not after each pair: every judgement is another chance to be wrong.
        """
        return [
            delta
            for delta in suspects
            if any(look.pairs == len(self.pairs) for look in self._looks(delta.key))
        ]

    def _looks(self, key: SeriesKey) -> tuple[Look, ...]:
        return self.habits.looks(again=self.again) if key.subject == "test" else TOTALS

    def slower_controls(self, suite: str) -> tuple[Delta, ...]:
        """Return the controls that would have been confirmed: overlooked by the first runs, or chance."""
        keys = [self._key(nodeid, suite) for nodeid in self.controls]
        looks = self.habits.looks(again=self.again)
        decisions = decide(
            {key: self._suspect(key) for key in keys},
            self._controls(),
            len(self.pairs),
            looks,
            self.habits.usual,
        )
        return tuple(
            Delta(
                key=key,
                evidence="timed",
                verdict="inconclusive",
                before=decision.before,
                after=decision.after,
                ratio=decision.score.median,
            )
            for key, decision in decisions.items()
            if decision.state == "confirmed" and decision.score is not None
        )

    @property
    def machine_factor(self) -> float | None:
        """How much slower the machine was in the heads' processes; None where too few controls tell."""
        measured = yardstick(self._controls(), len(self.pairs))
        return None if measured is None else exp(measured.drift - drift(measured.speeds))

    @property
    def shared_change(self) -> float | None:
        """How much slower the controls are in the heads because of what was changed; None if they aren't."""
        measured = yardstick(self._controls(), len(self.pairs))
        common = drift(measured.speeds) if measured is not None else 0.0
        return exp(common) if common else None

    def _controls(self) -> dict[SeriesKey, Sides]:
        return {key: self._sides(key) for key in (self._key(nodeid, "") for nodeid in self.controls)}

    def _key(self, nodeid: str, suite: str) -> SeriesKey:
        metric = best_metric(self.pairs)
        return SeriesKey(suite=suite, subject="test", name=nodeid, phase="call", metric=metric)

    def _suspect(self, key: SeriesKey) -> Suspect:
        # The recorder knows no collections of imports.
        nothing: Sides = ([], [])
        base, head = self._sides(replace(key, metric=GC_COUNT)) if key.subject != "import" else nothing
        collections = [
            (before, after)
            for before, after in zip(base, head, strict=True)
            if before is not None and after is not None
        ]
        return Suspect(sides=self._sides(key), collections=collections, failed=self._failed(key))

    def _failed(self, key: SeriesKey) -> str | None:
        if key.subject != "test":
            return None
        for pair in self.pairs:
            for side, figures, name in (
                ("in the base", pair.base, self.former.get(key.name, key.name)),
                ("in the head", pair.head, key.name),
            ):
                test = figures.tests.get(name)
                if test is not None and test.outcome not in ("passed", "xfailed", "xpassed"):
                    return side
        return None

    def _sides(self, key: SeriesKey) -> Sides:
        before = replace(key, name=self.former.get(key.name, key.name))
        return (
            [value_of(pair.base, before) for pair in self.pairs],
            [value_of(pair.head, key) for pair in self.pairs],
        )


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
            return _sum(profile, key.metric)


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
        return _sum(profile, key.metric, key.name)
    if key.name == "start":
        known = [_median(profile.totals.get(name, {}).get(key.metric)) for name in BEFORE_TESTS[:-1]]
        return sum(filter(None, known)) if None not in known else None
    return _median(profile.totals.get(key.name, {}).get(key.metric))


def _sum(profile: Profile, metric: str, phase: str | None = None) -> float | None:
    values = [
        metrics[metric].median
        for test in profile.tests
        for name, metrics in test.phases.items()
        if metric in metrics and phase in (None, name)
    ]
    return sum(values) if values else None


def _median(summary: Summary | None) -> float | None:
    return None if summary is None else summary.median
