"""Pairs of processes, again and again, until every suspect is cleared or convicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paceline.compare.confirm import Decision, concluded
from paceline.compare.start import imports_of
from paceline.config import Suite
from paceline.model.comparison import BUDGET, Delta, SeriesKey
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.run import Run
from paceline.paired import order
from paceline.paired.figures import Figures, Looped, Pair
from paceline.paired.growth import typical_causes
from paceline.paired.habits import Habits
from paceline.paired.judgement import Session
from paceline.paired.kinds import is_exact, is_explained, is_of_all, is_of_start, tests_of, unexplained
from paceline.paired.loops import ONCE, Repeated, first_loop, loops_for, repeated, seconds_of
from paceline.paired.request import GateRequest, Tally, Watcher, compared, profile_of, sample
from paceline.profile.runner import OutOfTimeError
from paceline.stats.sequential import LOOKS, TOTALS

_EXACT_PAIRS = 2
#: After so many pairs sums aren't pursued any more, if something in them was found.
_ENOUGH = 6
_MOST = max(LOOKS[-1].pairs, TOTALS[-1].pairs)
_NOT_PURSUED = "not pursued, because what grew in it was found"
_SHARED = "what was changed concerns controls too, and isn't taken for a slower machine"
_LATE = "not decided within the time limit"


@dataclass(slots=True, kw_only=True)
class _Series:
    """A series of pairs, and what came of it.

    Attributes:
        runs: of each pair, what ran first.
        least: of each pair with several loops, what took least.
        unfinished: why it ended before everything was decided; None if it did not.
    """

    runs: list[tuple[Run, Run]] = field(default_factory=list[tuple[Run, Run]])
    least: list[tuple[Run, Run]] = field(default_factory=list[tuple[Run, Run]])
    session: Session | None = None
    decisions: dict[SeriesKey, Decision] = field(default_factory=dict[SeriesKey, Decision])
    unfinished: str | None = None

    def open(self, suspects: Sequence[Delta]) -> list[Delta]:
        """Return those that need more pairs."""
        return [
            delta
            for delta in suspects
            if delta.key not in self.decisions or self.decisions[delta.key].state == "go on"
        ]


@dataclass(slots=True, kw_only=True)
class Rounds:
    """The pairs of one suite.

    Attributes:
        repeats: whether what was confirmed has to stand a second, independent series.
        once: whether tests run once in each process, because they can't run twice.
        wholes: pairs in which the whole suite ran.
    """

    request: GateRequest
    suite: Suite
    watcher: Watcher
    tally: Tally
    former: Mapping[str, str]
    base: Run
    head: Run
    habits: Habits
    repeats: bool = True
    once: bool = False
    factor: float | None = None
    notes: tuple[str, ...] = ()
    wholes: list[tuple[Run, Run]] = field(default_factory=list[tuple[Run, Run]])

    def decide(self, suspects: Sequence[Delta]) -> dict[SeriesKey, Delta]:
        """Return the verdict on each of `suspects`, and on controls that turned out to be slower."""
        verdicts = self._judged(suspects)
        given_up = [
            delta
            for delta in suspects
            if delta.key in verdicts and verdicts[delta.key].reason == _NOT_PURSUED
        ]
        if left := unexplained(given_up, verdicts.values()):
            notes = self.notes
            verdicts |= self.decide(left)
            self.notes = notes
        return verdicts

    def _judged(self, suspects: Sequence[Delta]) -> dict[SeriesKey, Delta]:
        """Return the verdicts of one series, and of another on what it confirmed."""
        controls = order.controls(self.base, self.head, tests_of(suspects), self.request.controls)
        verdicts: dict[SeriesKey, Delta] = {}
        exact = [delta for delta in suspects if is_exact(delta)]
        left = [delta for delta in suspects if not is_exact(delta)]
        first = self._series(left, exact, controls, again=False)
        whole = first.runs[:_EXACT_PAIRS]
        self._count([delta for delta in exact if delta.evidence == "counted"], whole, verdicts)
        self._hold([delta for delta in exact if delta.key.metric == BUDGET], whole, verdicts)
        confirmed = _confirmed(left, first)
        if first.session is not None:
            self.factor = first.session.machine_factor
            overlooked = first.session.slower_controls(self.suite.name)
            # What is left of them after the next series isn't chance.
            first.decisions |= first.session.decisions(overlooked)
            left, confirmed = [*left, *overlooked], [*confirmed, *_confirmed(overlooked, first)]
            self.notes = (f"{len(controls)} controls ran along, {len(overlooked)} of them looked slower",)
            if self.factor is None:
                self.notes += ("they were too few to tell the speed of the machine, which is left in",)
            if (shared := first.session.shared_change) is not None:
                self.notes += (f"{_SHARED}: they took {shared:.2f} times as long in every pair",)
            controls = tuple(one for one in controls if one not in tests_of(overlooked))
        second = _Series()
        if confirmed and not first.unfinished and self.repeats:
            second = self._series(confirmed, (), controls, again=True)
        for delta in left:
            once = first.decisions.get(delta.key, Decision(state="inconclusive"))
            twice = once if not self.repeats else second.decisions.get(delta.key)
            unfinished = second.unfinished or first.unfinished
            verdicts[delta.key] = concluded(delta, once, twice, unfinished)
        slower = (verdicts[delta.key] for delta in left if delta.key.subject == "test")
        sure = [delta for delta in slower if delta.verdict == "regressed"]
        judged = [run for series in (first, second) for run in (*series.runs, *series.least)]
        told = typical_causes(sure, judged, self.former)
        return verdicts | {delta.key: delta for delta in told}

    def _series(
        self, left: Sequence[Delta], exact: Sequence[Delta], controls: Sequence[str], *, again: bool
    ) -> _Series:
        """Run pairs until every suspect is confirmed or dropped, and a few for what needs no statistics."""
        series = _Series()
        pairs: list[Pair] = []
        open_ = list(left)
        while (open_ or (exact and len(pairs) < _EXACT_PAIRS)) and len(pairs) < _MOST:
            wanted = [*open_, *exact] if len(pairs) < _EXACT_PAIRS else open_
            made = self._pair(wanted, controls, number=len(pairs), of=_MOST, again=again)
            if isinstance(made, str):
                series.unfinished = made
                break
            firsts = first_loop(made[0]), first_loop(made[1])
            more = repeated(*made, self.former)
            series.runs.append(firsts)
            series.least += [(more.base, more.head)] if more is not None else []
            if any(map(is_of_all, wanted)):
                self.wholes.append(firsts if more is None else (more.base, more.head))
            pairs.append(self._figures(firsts, more))
            series.session = Session(
                pairs=pairs,
                controls=controls,
                former=self.former,
                habits=self.habits,
                again=again,
            )
            series.decisions |= series.session.decisions(series.session.due(open_))
            found = _confirmed(left, series) or [delta for delta in exact if delta.evidence == "counted"]
            if found and len(pairs) >= _ENOUGH:
                series.decisions |= {
                    delta.key: replace(series.decisions[delta.key], state="inconclusive", reason=_NOT_PURSUED)
                    for delta in series.open(open_)
                    if is_explained(delta, found)
                }
            open_ = series.open(open_)
        return series

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
            if found is None:
                reason = "counted the same on both sides when it was repeated"
                verdicts[delta.key] = replace(delta, verdict="unchanged", reason=reason)
            elif found.verdict != "regressed":
                reason = "the count was not the same when it was repeated"
                verdicts[delta.key] = replace(delta, verdict="inconclusive", reason=reason)
            else:
                verdicts[delta.key] = replace(delta, reason=f"the same in {len(runs) + 1} runs of each side")

    def _hold(
        self, over: Sequence[Delta], runs: Sequence[tuple[Run, Run]], verdicts: dict[SeriesKey, Delta]
    ) -> None:
        """Judge tests by their own budget, on the first run and those of the pairs."""
        if not over or not runs:
            return
        bases, heads = zip(*runs, strict=True)
        again = compared(self.request, self.suite, [self.base, *bases], [self.head, *heads])
        verdicts |= {delta.key: delta for delta in again.deltas if delta.key in {one.key for one in over}}

    def _pair(
        self, suspects: Sequence[Delta], controls: Sequence[str], *, number: int, of: int, again: bool
    ) -> tuple[Run, Run] | str:
        """Run one pair and return both runs, base first; or why there is none."""
        nodeids = self._selection(suspects, controls)
        once = self._seconds(nodeids)
        timed = [delta for delta in suspects if not is_exact(delta)]
        looped = any(delta.key.subject == "test" or is_of_all(delta) for delta in timed)
        # pytest-xdist hands out each collected test once.
        spread = not nodeids and self.suite.workers > 0
        most = self.request.loops if looped and not self.once and not spread else 1
        loops = loops_for(self.head, nodeids, once, most)
        if not self.tally.allows(2 * (once + loops.seconds)):
            loops = ONCE
        expected = 2 * (once + loops.seconds)
        if not self.tally.allows(expected):
            return _LATE
        series = 1 if again or not self.repeats else 2
        self.watcher.pair(
            self.suite.name,
            len(suspects),
            number + 1 + (of if again else 0),
            of * (2 if self.repeats else 1),
            (of * series - number) * expected,
        )
        places = {"base": self.request.base, "head": self.request.head}
        olds = tuple(self.former.get(one, one) for one in loops.nodeids)
        loops_of = {"base": replace(loops, nodeids=olds), "head": loops}
        runs: dict[str, Run] = {}
        for name in order.sides(number):
            stem = f"{self.suite.name}-{'again' if again else 'pairs'}-{number + 1:02}-{name}"
            wanted = nodeids if name == "head" else tuple(self.former.get(one, one) for one in nodeids)
            seed = 1000 * (1 + again) + number
            try:
                made = sample(
                    self.request, self.suite, places[name], stem, wanted, seed, self.tally, loops_of[name]
                )
            except OutOfTimeError:
                return _LATE
            failed = made.run is None or made.result.status not in MEASURED_STATUSES
            if failed and loops.count > 1:
                self.once = True
                return self._pair(suspects, controls, number=number, of=of, again=again)
            if made.run is None or failed:
                return f"a repeated run of the {name} failed: {made.result.reason or made.result.status}"
            runs[name] = made.run
        return runs["base"], runs["head"]

    def _selection(self, suspects: Sequence[Delta], controls: Sequence[str]) -> tuple[str, ...]:
        """Return the tests to run; none means all of them, for sums over the whole suite."""
        if any(is_of_all(delta) for delta in suspects):
            return ()
        starts = any(is_of_start(delta) for delta in suspects)
        users = {
            fixture.nodeid
            for fixture in self.head.costs.fixtures
            for delta in suspects
            if delta.key.subject == "fixture" and fixture.nodeid and delta.key.name.endswith(fixture.argname)
        }
        # One test of each file, so that all that the suite imports is imported.
        files = order.common(self.base, self.head, order.quickest(self.head)) if starts else ()
        return order.in_order(self.head, {*tests_of(suspects), *users, *controls, *files})

    def _seconds(self, nodeids: Sequence[str]) -> float:
        """Return about how long a process takes that runs these tests once, by the first run of the head."""
        whole = self.head.end.duration if self.head.end is not None else None
        spent = {test.nodeid: seconds_of(test) for test in self.head.tests}
        fixed = max(0.0, (whole or 0.0) - sum(spent.values()))
        return fixed + sum(spent.get(nodeid, 0.0) for nodeid in nodeids or spent)

    def _figures(self, firsts: tuple[Run, Run], more: Repeated | None) -> Pair:
        base, head = (self._of(run) for run in firsts)
        if more is None:
            return Pair(base=base, head=head)
        loops = Looped(
            base=self._of(more.base),
            head=self._of(more.head),
            second=self._of(more.second),
            nodeids=more.nodeids,
        )
        return Pair(base=base, head=head, loops=loops)

    def _of(self, run: Run) -> Figures:
        return Figures(profile=profile_of(self.suite, (run,)), imports=imports_of(run))


def _confirmed(deltas: Sequence[Delta], series: _Series) -> list[Delta]:
    return [
        delta
        for delta in deltas
        if delta.key in series.decisions and series.decisions[delta.key].state == "confirmed"
    ]
