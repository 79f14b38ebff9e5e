"""Pairs of processes, again and again, until every suspect is cleared or convicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from paceline.config import Suite
from paceline.model.comparison import Delta
from paceline.model.profile import MEASURED_STATUSES, Profile
from paceline.model.run import Run
from paceline.paired import confirm, order
from paceline.paired.confirm import Judgement, Pair
from paceline.paired.request import GateRequest, Tally, Watcher, compared, profile_of, sample
from paceline.stats.sequential import LOOKS

#: Independent series of pairs that a suspect has to stand.
CONFIRMATIONS = 2
_PAIRS = LOOKS[-1].pairs
_COUNTED_PAIRS = 2


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
    factor: float | None = None
    notes: tuple[str, ...] = ()

    def decide(self, suspects: Sequence[Delta]) -> dict[int, Delta]:
        """Return the verdict on each of `suspects`, by identity."""
        controls = order.controls(self.base, self.head, _tests_of(suspects), self.request.controls)
        verdicts: dict[int, Delta] = {}
        counted = [delta for delta in suspects if delta.evidence == "counted"]
        open_ = [delta for delta in suspects if delta.evidence != "counted"]
        alarms = 0
        for confirmation in range(1, CONFIRMATIONS + 1):
            if not open_ and not counted:
                break
            pairs: list[Pair] = []
            runs: list[tuple[Run, Run]] = []
            judged: dict[int, Judgement] = {}
            while (open_ or (counted and len(pairs) < _COUNTED_PAIRS)) and len(pairs) < _PAIRS:
                made = self._pair(confirmation, len(pairs), [*open_, *counted], controls)
                if isinstance(made, str):
                    for delta in open_:
                        verdicts[id(delta)] = confirm.undecided(judged.get(id(delta), _unjudged(delta)), made)
                    open_ = []
                    break
                runs.append(made)
                pairs.append(Pair(base=self._profile(made[0]), head=self._profile(made[1])))
                for judgement in confirm.judge(open_, pairs, controls, self.former):
                    judged[id(judgement.delta)] = judgement
                open_ = self._kept(open_, judged, verdicts, confirmation)
            if pairs:
                alarms += confirm.controls_confirmed(pairs, controls)
                self.factor = confirm.machine_factor(pairs, controls)
            self._count(counted, runs, verdicts)
            counted = []
            open_ = self._survivors(judged, verdicts, confirmation)
        self.notes = (
            f"{len(controls)} controls ran along, {alarms} of them would have been taken for slower",
        )
        return verdicts

    def _kept(
        self,
        open_: Sequence[Delta],
        judged: Mapping[int, Judgement],
        verdicts: dict[int, Delta],
        confirmation: int,
    ) -> list[Delta]:
        """Return those that need further pairs, and note the verdict on those that were dropped."""
        kept: list[Delta] = []
        for delta in open_:
            judgement = judged[id(delta)]
            if judgement.step == "dropped":
                verdicts[id(delta)] = confirm.dropped(judgement)
            elif judgement.step == "go on":
                kept.append(delta)
        return kept

    def _survivors(
        self, judged: Mapping[int, Judgement], verdicts: dict[int, Delta], confirmation: int
    ) -> list[Delta]:
        """Return what this confirmation left standing, to be confirmed once more; the last one convicts."""
        standing = [judgement for judgement in judged.values() if id(judgement.delta) not in verdicts]
        if confirmation < CONFIRMATIONS:
            return [judgement.delta for judgement in standing if judgement.step == "confirmed"]
        for judgement in standing:
            if judgement.step == "confirmed":
                verdicts[id(judgement.delta)] = confirm.confirmed(judgement, CONFIRMATIONS)
        return []

    def _count(
        self, counted: Sequence[Delta], runs: Sequence[tuple[Run, Run]], verdicts: dict[int, Delta]
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
                verdicts[id(delta)] = replace(delta, verdict="inconclusive", reason=reason)
            else:
                verdicts[id(delta)] = replace(delta, reason=f"the same in {len(runs) + 1} runs of each side")

    def _pair(
        self, confirmation: int, number: int, suspects: Sequence[Delta], controls: Sequence[str]
    ) -> tuple[Run, Run] | str:
        """Run one pair and return both runs, base first; or why there is none."""
        nodeids = self._selection(suspects, controls)
        expected = 2 * self._seconds(nodeids)
        if not self.tally.allows(expected):
            return "not decided within the time limit"
        remaining = (CONFIRMATIONS - confirmation + 1) * _PAIRS - number
        self.watcher.pair(
            self.suite.name,
            len(suspects),
            (confirmation - 1) * _PAIRS + number + 1,
            CONFIRMATIONS * _PAIRS,
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

    def _profile(self, run: Run) -> Profile:
        return profile_of(self.suite, (run,))


def _tests_of(deltas: Sequence[Delta]) -> set[str]:
    return {delta.key.name for delta in deltas if delta.key.subject == "test"}


def _unjudged(delta: Delta) -> Judgement:
    return Judgement(delta=delta, score=None, step="go on")
