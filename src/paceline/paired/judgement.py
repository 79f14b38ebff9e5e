"""What a series of pairs says of each suspect: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp

from paceline.compare.confirm import Decision, Suspect, decide
from paceline.compare.rules import GC_COUNT
from paceline.model.comparison import Delta, SeriesKey
from paceline.model.run import AS_MEANT, PHASES
from paceline.paired.figures import Pair, best_metric, sum_of, value_of
from paceline.paired.habits import Habits
from paceline.stats.controls import LEAST_CONTROLS, yardstick
from paceline.stats.paired import Sides
from paceline.stats.sequential import TOTALS, Look
from paceline.stats.speed import drift

#: Share of a sum that has to be repeated, so that the least times of it tell more.
_NEARLY_ALL = 0.9


@dataclass(frozen=True, kw_only=True)
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
        least = self._controls(self._least, self._repeated) if self._repeated else None
        for looks in (self.habits.looks(again=self.again), TOTALS):
            chosen = {
                delta.key: self._suspect(delta.key) for delta in suspects if self._looks(delta.key) == looks
            }
            controls = self._controls(self.pairs, self.controls)
            found |= decide(chosen, controls, len(self.pairs), looks, self.habits.usual, least)
        return found

    @cached_property
    def _least(self) -> Sequence[Pair]:
        """The pairs with the least times of all loops; none unless all pairs have several."""
        loops = [pair.loops for pair in self.pairs if pair.loops is not None]
        return [Pair(base=one.base, head=one.head) for one in loops] if len(loops) == len(self.pairs) else ()

    @cached_property
    def _repeated(self) -> frozenset[str]:
        """The tests that ran in all loops of all pairs; none where too few controls did."""
        tests = frozenset(nodeid for pair in self.pairs[:1] for nodeid in pair.head.tests)
        for pair in self.pairs:
            tests &= pair.loops.nodeids if pair.loops is not None else frozenset[str]()
        return tests if len(tests.intersection(self.controls)) >= LEAST_CONTROLS else frozenset[str]()

    def _is_repeated(self, key: SeriesKey) -> bool:
        if key.subject == "test":
            return key.name in self._repeated
        if key.subject != "suite" and key.name not in PHASES:
            return False
        phase = key.name if key.name in PHASES else None
        for pair in self.pairs:
            whole = sum_of(pair.head.profile, key.metric, phase) or 0.0
            if (sum_of(pair.head.profile, key.metric, phase, self._repeated) or 0.0) < _NEARLY_ALL * whole:
                return False
        return bool(self._repeated)

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
        controls = {
            key: Delta(key=key, evidence="timed", verdict="inconclusive")
            for key in (self._key(nodeid, suite) for nodeid in self.controls)
        }
        return tuple(
            replace(controls[key], before=decision.before, after=decision.after, ratio=decision.score.median)
            for key, decision in self.decisions([*controls.values()]).items()
            if decision.state == "confirmed" and decision.score is not None
        )

    @property
    def machine_factor(self) -> float | None:
        """How much slower the machine was in the heads' processes; None where too few controls tell."""
        measured = yardstick(self._controls(self.pairs, self.controls), len(self.pairs))
        return None if measured is None else exp(measured.drift - drift(measured.speeds))

    @property
    def shared_change(self) -> float | None:
        """How much slower the controls are in the heads because of what was changed; None if they aren't."""
        measured = yardstick(self._controls(self.pairs, self.controls), len(self.pairs))
        common = drift(measured.speeds) if measured is not None else 0.0
        return exp(common) if common else None

    def _controls(self, pairs: Sequence[Pair], nodeids: Collection[str]) -> dict[SeriesKey, Sides]:
        chosen = [self._key(nodeid, "") for nodeid in self.controls if nodeid in nodeids]
        return {key: self._sides(key, pairs) for key in chosen}

    def _key(self, nodeid: str, suite: str) -> SeriesKey:
        metric = best_metric(self.pairs)
        return SeriesKey(suite=suite, subject="test", name=nodeid, phase="call", metric=metric)

    def _suspect(self, key: SeriesKey) -> Suspect:
        # The recorder knows no collections of imports.
        nothing: Sides = ([], [])
        collected = replace(key, metric=GC_COUNT)
        base, head = self._sides(collected, self.pairs) if key.subject != "import" else nothing
        collections = [
            (before, after)
            for before, after in zip(base, head, strict=True)
            if before is not None and after is not None
        ]
        found = Suspect(sides=self._sides(key, self.pairs), collections=collections, failed=self._failed(key))
        if not self._is_repeated(key):
            return found
        loops = [pair.loops for pair in self.pairs if pair.loops is not None]
        # Of a sum, what only happens the first time is seen in one of its tests.
        second = [value_of(one.second, key) for one in loops] if key.subject == "test" else ()
        return replace(found, least=self._sides(key, self._least), second=second)

    def _failed(self, key: SeriesKey) -> str | None:
        if key.subject != "test":
            return None
        for pair in self.pairs:
            for side, figures, name in (
                ("in the base", pair.base, self.former.get(key.name, key.name)),
                ("in the head", pair.head, key.name),
            ):
                test = figures.tests.get(name)
                if test is not None and test.outcome not in AS_MEANT:
                    return side
        return None

    def _sides(self, key: SeriesKey, pairs: Sequence[Pair]) -> Sides:
        before = replace(key, name=self.former.get(key.name, key.name))
        return (
            [value_of(pair.base, before) for pair in pairs],
            [value_of(pair.head, key) for pair in pairs],
        )
