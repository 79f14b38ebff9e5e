"""Which suspects are pursued, and for how long: the pairs are made up, everything else is the gate's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest
from tests.harness.runs import a_test, run_of

from paceline.config import Suite
from paceline.model.comparison import Cause, Delta, SeriesKey
from paceline.model.run import Run
from paceline.paired.causes import with_causes
from paceline.paired.growth import grown_most, typical_causes
from paceline.paired.habits import Habits
from paceline.paired.request import GateRequest, Tally, Watcher
from paceline.paired.rounds import Rounds

TESTS = [f"t.py::test_{at}" for at in range(30)]
ONE, OTHERS = TESTS[0], TESTS[1:10]
TEST = Delta(
    key=SeriesKey(suite="s", subject="test", name=ONE, phase="call", metric="duration"),
    evidence="timed",
    verdict="inconclusive",
    before=0.1,
    after=0.3,
    ratio=3.0,
)
SUM = Delta(
    key=SeriesKey(suite="s", subject="suite", name="tests", phase=None, metric="duration"),
    evidence="total",
    verdict="inconclusive",
    before=9.0,
    after=11.0,
    ratio=1.2,
)


def run_with(slower: dict[str, float]) -> Run:
    """Return a run in which every phase takes 0.1 s, but some calls so many times as long."""
    tests = [a_test(nodeid) for nodeid in TESTS]
    return run_of(
        *(
            replace(
                test,
                phases=tuple(
                    replace(
                        phase,
                        values=dict.fromkeys(("duration", "cpu_time"), 0.1 * slower.get(test.nodeid, 1.0)),
                    )
                    if phase.phase == "call"
                    else phase
                    for phase in test.phases
                ),
            )
            for test in tests
        )
    )


@dataclass(slots=True, kw_only=True)
class Scripted(Rounds):
    """Rounds whose one test is slower in the first series only, or in both; nine others always are.

    Attributes:
        lasting: whether it is slower in both.
        late: after how many pairs the time limit is reached.
        made: for each pair, how many suspects it was for.
    """

    lasting: bool
    late: int = 1000
    made: list[int] = field(default_factory=list[int])

    def _pair(
        self, suspects: Sequence[Delta], controls: Sequence[str], *, number: int, of: int, again: bool
    ) -> tuple[Run, Run] | str:
        if len(self.made) == self.late:
            return "not decided within the time limit"
        self.made.append(len(suspects))
        one = 3.0 if self.lasting or not again else 1.0
        return run_with({}), run_with({ONE: one, **dict.fromkeys(OTHERS, 2.0)})


def rounds(*, lasting: bool, late: int = 1000) -> Scripted:
    """Return rounds of which the controls are tests that nothing slows down."""
    base = run_of(*(a_test(nodeid) for nodeid in TESTS))
    return Scripted(
        request=cast("GateRequest", SimpleNamespace(controls=20)),
        suite=Suite(name="s"),
        watcher=cast("Watcher", SimpleNamespace()),
        tally=Tally(float("inf")),
        former={},
        base=base,
        head=replace(base, collected=(ONE, *TESTS[10:])),
        habits=Habits(),
        lasting=lasting,
        late=late,
    )


def test_a_sum_is_left_when_a_test_in_it_is_slower() -> None:
    """The whole suite isn't run again and again for what is known."""
    made = rounds(lasting=True)
    verdicts = made.decide([TEST, SUM])
    assert verdicts[TEST.key].verdict == "regressed"
    found = verdicts[SUM.key]
    assert (found.verdict, found.reason) == (
        "inconclusive",
        "not pursued, because what grew in it was found",
    )
    assert made.made == [2, 2, 2, 1, 1, 1, 1, 1, 1]


def test_a_test_is_slower_for_what_it_does_in_pairs() -> None:
    """By the seconds that they have measured, not by those of the run in which it was first seen."""
    seen = replace(TEST, after=1.0, causes=(Cause(text="computing", where="t.py:1", seconds=0.9),))
    found = rounds(lasting=True).decide([seen])[TEST.key]
    assert (found.before, found.after) == pytest.approx((0.1, 0.3))
    (cause,) = found.causes
    assert (cause.text, cause.where) == ("computing, in the test or what it calls", "t.py:1")
    assert cause.seconds == pytest.approx(0.2)


def test_the_pair_that_grew_as_the_verdict_says_tells_why() -> None:
    """One that a busy machine has stretched says nothing of how much."""

    def told(runs: Sequence[tuple[Run, Run]], former: dict[str, str]) -> Delta:
        (found,) = typical_causes([known], runs, former)
        return found

    known = replace(TEST, after=0.17, causes=(Cause(text="setup", seconds=0.1),))
    runs = [(run_with({}), run_with({ONE: grown})) for grown in (1.5, 1.6, 4.0)]
    assert told(runs, {}).causes[0].seconds == pytest.approx(0.06)
    assert told([], {}) == known
    assert told([(head, base) for base, head in runs], {}) == known
    old = [(replace(base, tests=(replace(base.tests[0], nodeid="t.py::old"),)), head) for base, head in runs]
    assert told(old, {}) == known
    assert told(old, {ONE: "t.py::old"}).causes[0].seconds == pytest.approx(0.06)


def test_a_sum_is_taken_up_again_when_the_test_turns_out_not_to_be() -> None:
    """It was given up in favour of chance, and is slower for other reasons."""
    made = rounds(lasting=False)
    verdicts = made.decide([TEST, SUM])
    assert verdicts[TEST.key].verdict == "inconclusive"
    assert verdicts[SUM.key].verdict == "regressed"
    assert verdicts[SUM.key].ratio == pytest.approx(1.1, rel=0.05)
    causes = with_causes(verdicts, made.wholes)[SUM.key].causes
    assert len(causes) == 0, "nine tests have a ninth of it each"


def test_a_sum_that_there_was_no_time_for_says_so() -> None:
    """And not that something else was found, which nothing was."""
    verdicts = rounds(lasting=True, late=7).decide([TEST, SUM])
    assert {delta.reason for delta in verdicts.values()} == {"not decided within the time limit"}


def test_a_slower_sum_names_the_tests_that_grew_most() -> None:
    """By all pairs of whole runs; with its place, and in the phase that the sum is of."""
    runs = [(run_with({}), run_with({ONE: 1.5 + noise, TESTS[1]: 1.2})) for noise in (0.0, 0.4, -0.1)]
    found = grown_most(runs, {}, "duration", "call")
    assert [(cause.text, cause.where) for cause in found] == [("test_0", "t.py:1"), ("test_1", "t.py:1")]
    assert [cause.seconds for cause in found] == pytest.approx([0.05, 0.02])
    assert grown_most(runs, {}, "duration", "setup") == ()
    assert grown_most([(head, base) for base, head in runs], {}, "duration", None) == ()
    assert grown_most([], {}, "duration", None) == ()


def test_a_test_that_was_renamed_grows_from_what_it_was() -> None:
    """Where nothing tells its old name, it has nothing to grow from."""
    base = run_with({})
    old = replace(base, tests=(replace(base.tests[0], nodeid="t.py::old"), *base.tests[1:]))
    runs = [(old, run_with({ONE: 2.0}))] * 3
    (found,) = grown_most(runs, {ONE: "t.py::old"}, "duration", None)
    assert found.text == "test_0"
    assert found.seconds == pytest.approx(0.1)
    assert grown_most(runs, {}, "duration", None) == ()
