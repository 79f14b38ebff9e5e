"""Pairs of processes, again and again, until every suspect is cleared or convicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paceline.config import Suite
from paceline.model.comparison import Delta, SeriesKey
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.run import Run
from paceline.paired import confirm, order
from paceline.paired.confirm import Figures, Judgement, Pair
from paceline.paired.habits import Habits
from paceline.paired.request import GateRequest, Tally, Watcher, compared, profile_of, sample
from paceline.stats.sequential import LOOKS

#: Independent series of pairs that a suspect has to stand.
CONFIRMATIONS = 2
_PAIRS = LOOKS[-1].pairs
_COUNTED_PAIRS = 2


@dataclass(slots=True, kw_only=True)
class _Series:
    """A series of pairs, and what came of it."""

    pairs: list[Pair] = field(default_factory=list[Pair])
    runs: list[tuple[Run, Run]] = field(default_factory=list[tuple[Run, Run]])
    judged: dict[SeriesKey, Judgement] = field(default_factory=dict[SeriesKey, Judgement])
    verdicts: dict[SeriesKey, Delta] = field(default_factory=dict[SeriesKey, Delta])


@dataclass(slots=True, kw_only=True)
class Rounds:
    """The pairs of one suite."""

    request: GateRequest
    suite: Suite
    watcher: Watcher
    tally: Tally
    former: Mapping[str, str]
    base: Run
    head: Run
    habits: Habits
    confirmations: int = CONFIRMATIONS
    factor: float | None = None
    notes: tuple[str, ...] = ()

    def decide(self, suspects: Sequence[Delta]) -> dict[SeriesKey, Delta]:
        """Return the verdict on each of `suspects`, and on controls that turned out to be slower."""
        controls = order.controls(self.base, self.head, _tests_of(suspects), self.request.controls)
        verdicts: dict[SeriesKey, Delta] = {}
        counted = [delta for delta in suspects if delta.evidence == "counted"]
        left = [delta for delta in suspects if delta.evidence != "counted"]
        alarms = 0
        for confirmation in range(1, self.confirmations + 1):
            if not left and not counted:
                break
            series = self._series(confirmation, left, counted, controls)
            verdicts.update(series.verdicts)
            self._count(counted, series.runs, verdicts)
            counted = []
            left = self._survivors(series, verdicts, confirmation)
            if series.pairs:
                self.factor = confirm.machine_factor(series.pairs, controls)
                slower = confirm.slower_controls(self.suite.name, series.pairs, controls, self.habits)
                alarms += len(slower)
                # Overlooked, perhaps: what is left of them after the next series isn't chance.
                left += slower if confirmation < self.confirmations else ()
                controls = tuple(one for one in controls if one not in _tests_of(slower))
        self.notes = (f"{len(controls) + alarms} controls ran along, {alarms} of them looked slower",)
        return verdicts

    def _series(
        self, confirmation: int, left: Sequence[Delta], counted: Sequence[Delta], controls: Sequence[str]
    ) -> _Series:
        """Run pairs until every suspect is confirmed or dropped."""
        series = _Series()
        open_ = list(left)
        while (open_ or (counted and len(series.pairs) < _COUNTED_PAIRS)) and len(series.pairs) < _PAIRS:
            made = self._pair(confirmation, len(series.pairs), [*open_, *counted], controls)
            if isinstance(made, str):
                for delta in open_:
                    judgement = series.judged.get(delta.key) or Judgement(
                        delta=delta, score=None, step="go on"
                    )
                    series.verdicts[delta.key] = confirm.undecided(judgement, made)
                break
            series.runs.append(made)
            series.pairs.append(Pair(base=self._figures(made[0]), head=self._figures(made[1])))
            judgements = confirm.judge(open_, series.pairs, controls, self.former, self.habits)
            series.judged.update({judgement.delta.key: judgement for judgement in judgements})
            dropped = [judgement for judgement in judgements if judgement.step == "dropped"]
            series.verdicts.update({one.delta.key: confirm.dropped(one) for one in dropped})
            open_ = [judgement.delta for judgement in judgements if judgement.step == "go on"]
        return series

    def _survivors(self, series: _Series, verdicts: dict[SeriesKey, Delta], confirmation: int) -> list[Delta]:
        """Return what this series left standing, to be confirmed once more; the last one convicts."""
        standing = [judgement for judgement in series.judged.values() if judgement.step == "confirmed"]
        if confirmation < self.confirmations:
            return [judgement.delta for judgement in standing]
        verdicts.update({one.delta.key: confirm.confirmed(one, self.confirmations) for one in standing})
        return []

    def _count(
        self, counted: Sequence[Delta], runs: Sequence[tuple[Run, Run]], verdicts: dict[SeriesKey, Delta]
    ) -> None:
        """Judge counts on all runs there are: one that isn't the same every time is no exact measure."""
        if not counted or not runs:
            return
        again = compared(self.request, self.suite, [base for base, _ in runs], [head for _, head in runs])
        now = {delta.key: delta for delta in again.deltas}
        for delta in counted:
            found = now.get(delta.key)
            if found is None or found.verdict != "regressed":
                reason = "the count was not the same when it was repeated"
                verdicts[delta.key] = replace(delta, verdict="inconclusive", reason=reason)
            else:
                verdicts[delta.key] = replace(delta, reason=f"the same in {len(runs) + 1} runs of each side")

    def _pair(
        self, confirmation: int, number: int, suspects: Sequence[Delta], controls: Sequence[str]
    ) -> tuple[Run, Run] | str:
        """Run one pair and return both runs, base first; or why there is none."""
        nodeids = self._selection(suspects, controls)
        expected = 2 * self._seconds(nodeids)
        if not self.tally.allows(expected):
            return "not decided within the time limit"
        remaining = (self.confirmations - confirmation + 1) * _PAIRS - number
        self.watcher.pair(
            self.suite.name,
            len(suspects),
            (confirmation - 1) * _PAIRS + number + 1,
            self.confirmations * _PAIRS,
            remaining * expected,
        )
        places = {"base": self.request.base, "head": self.request.head}
        runs: dict[str, Run] = {}
        for name in order.sides(number):
            stem = f"{self.suite.name}-{confirmation}-{number + 1:02}-{name}"
            wanted = nodeids if name == "head" else tuple(self.former.get(one, one) for one in nodeids)
            seed = 1000 * confirmation + number
            made = sample(self.request, self.suite, places[name], stem, wanted, seed, self.tally)
            if made.run is None or made.result.status not in MEASURED_STATUSES:
                return f"a repeated run of the {name} failed: {made.result.reason or made.result.status}"
            runs[name] = made.run
        return runs["base"], runs["head"]

    def _selection(self, suspects: Sequence[Delta], controls: Sequence[str]) -> tuple[str, ...]:
        """Return the tests to run; none means all of them, for sums over the whole suite."""
        if any(delta.key.subject in ("suite", "part") for delta in suspects):
            return ()
        users = {
            fixture.nodeid
            for fixture in self.head.costs.fixtures
            for delta in suspects
            if delta.key.subject == "fixture" and fixture.nodeid and delta.key.name.endswith(fixture.argname)
        }
        return order.in_order(self.head, {*_tests_of(suspects), *users, *controls})

    def _seconds(self, nodeids: Sequence[str]) -> float:
        """Return about how long a process with these tests takes, by the first run of the head."""
        whole = self.head.end.duration if self.head.end is not None else None
        spent = {
            test.nodeid: sum(phase.values.get("duration", 0.0) for phase in test.phases)
            for test in self.head.tests
        }
        fixed = max(0.0, (whole or 0.0) - sum(spent.values()))
        return fixed + sum(spent.get(nodeid, 0.0) for nodeid in nodeids or spent)

    def _figures(self, run: Run) -> Figures:
        return Figures(profile=profile_of(self.suite, (run,)))


def _tests_of(deltas: Sequence[Delta]) -> set[str]:
    return {delta.key.name for delta in deltas if delta.key.subject == "test"}
