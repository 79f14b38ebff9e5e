"""Tests that run several times in each process of a pair: what is repeated, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.runs import a_test, run_of
from tests.paired.conftest import Repository

from paceline.config import Suite
from paceline.model.cost import Costs, FixtureScope, SharedFixture
from paceline.model.run import Run, TestRecord
from paceline.paired.loops import ONCE, Loops, by_loop, first_loop, loops_for, repeated, seconds_of
from paceline.paired.preparation import head_side
from paceline.paired.sample import Bench, take

SUITE = Suite(name="all", paths=("tests",))
TESTS = """
import pytest

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("made")

@pytest.fixture
def file(folder):
    path = folder / "file"
    assert not path.exists()
    path.write_text("")
    yield path
    path.unlink()

class TestKept:
    def test_has_nothing_of_an_earlier_run(self, file):
        assert not hasattr(self, "run_before")
        self.run_before = True

@pytest.mark.parametrize("number", [1, 2])
def test_has_its_own_file(file, number):
    assert file.exists()

_SEEN = []

def test_runs_only_once():
    _SEEN.append(1)
    assert len(_SEEN) == 1
"""


def timed(nodeid: str, seconds: float, cpu: float = 0.0) -> TestRecord:
    """Return a test whose phases take so long."""
    test = a_test(nodeid)
    values = {"duration": seconds, "cpu_time": cpu}
    return replace(test, phases=tuple(replace(phase, values=values) for phase in test.phases))


def a_fixture(nodeid: str, seconds: float, scope: FixtureScope = "module") -> SharedFixture:
    """Return the set-up of a shared fixture for a test."""
    return SharedFixture(
        argname="made",
        baseid="t.py",
        scope=scope,
        event="setup",
        outcome="passed",
        nodeid=nodeid,
        worker="main",
        start=0.0,
        values={"duration": seconds},
        own={"duration": seconds},
    )


def looped(*loops: Sequence[float]) -> Run:
    """Return a run with the seconds of each test in each loop."""
    return run_of(*(timed(f"t.py::{at}", seconds) for loop in loops for at, seconds in enumerate(loop)))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder to write to, and no plugins but our own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(folder=folder, stall_timeout=60, advanced=lambda progress: None)


def test_tests_run_in_loops_with_fixtures_of_their_own(repository: Repository, bench: Bench) -> None:
    """Each time as if it were the first; one that can't be repeated fails in later loops only."""
    repository.commit("tests", tests__test_app=TESTS)
    head = head_side(repository.root)
    other = replace(head, root=Path("/nowhere"))
    once = take(bench, head, other, SUITE, "once", seed=1).run
    assert once is not None
    assert once.collected is not None
    loops = Loops(count=3, nodeids=once.collected)
    run = take(bench, head, other, SUITE, "looped", nodeids=once.collected, seed=1, loops=loops).run
    assert run is not None
    assert run.collected == once.collected
    assert [test.nodeid for test in run.tests] == [*once.collected] * 3
    *others, single = by_loop(run).values()
    assert {test.outcome for tests in others for test in tests} == {"passed"}
    assert [test.outcome for test in single] == ["passed", "failed", "failed"]
    assert first_loop(run).tests == run.tests[: len(once.tests)]
    more = repeated(run, run, {})
    assert more is not None
    assert more.nodeids == {*once.collected[:-1]}


def test_a_test_alone_is_not_repeated(repository: Repository, bench: Bench) -> None:
    """pytest would keep its fixtures for itself."""
    repository.commit("tests", tests__test_app="def test_alone():\n    pass\n")
    head = head_side(repository.root)
    loops = Loops(count=3, nodeids=("tests/test_app.py::test_alone",))
    run = take(bench, head, replace(head, root=Path("/nowhere")), SUITE, "alone", seed=1, loops=loops).run
    assert run is not None
    assert len(run.tests) == 1


def test_the_least_of_all_loops_is_compared() -> None:
    """On both sides, and the second of the head besides."""
    base, head = looped((3.0, 5.0), (2.0, 6.0)), looped((4.0, 9.0), (5.0, 7.0))
    more = repeated(base, head, {})
    assert more is not None
    assert [test.phases[1].values["duration"] for test in more.base.tests] == [2.0, 5.0]
    assert [test.phases[1].values["duration"] for test in more.head.tests] == [4.0, 7.0]
    assert [test.phases[1].values["duration"] for test in more.second.tests] == [5.0, 7.0]


def test_what_a_phase_took_and_did_is_of_one_loop() -> None:
    """Causes are looked for in what is judged: CPU time of another loop wouldn't go with it."""
    run = run_of(timed("t.py::0", 3.0, 0.1), timed("t.py::1", 1.0), timed("t.py::0", 2.0, 0.2))
    more = repeated(run, run, {})
    assert more is not None
    assert more.head.tests[0].phases[1].values == {"duration": 2.0, "cpu_time": 0.2}


def test_a_test_that_goes_another_way_is_not_repeated() -> None:
    """Such as one that is expected to fail, and does so in its set-up the second time."""
    first, then = a_test("t.py::0", call="xfailed"), a_test("t.py::0", setup="xfailed", call=None)
    other = a_test("t.py::1")
    run = run_of(first, other, then, other)
    more = repeated(run, run, {})
    assert more is not None
    assert more.nodeids == {"t.py::1"}


def test_a_renamed_test_is_compared_with_what_it_was() -> None:
    """The head's name is the one that counts."""
    base = run_of(timed("t.py::old", 1.0), timed("t.py::other", 1.0), timed("t.py::old", 0.5))
    head = run_of(timed("t.py::new", 1.0), timed("t.py::other", 1.0), timed("t.py::new", 0.7))
    more = repeated(base, head, {"t.py::new": "t.py::old"})
    assert more is not None
    assert more.nodeids == {"t.py::new"}
    assert more.base.tests[0].phases[0].values["duration"] == 0.5


@pytest.mark.parametrize("failing", ["base", "head"])
def test_what_fails_the_second_time_is_not_repeated(failing: str) -> None:
    """On neither side: the least of two isn't compared with a single run."""
    good = looped((1.0, 1.0), (0.5, 0.5))
    bad = replace(good, tests=(*good.tests[:2], a_test("t.py::0", call="failed"), good.tests[3]))
    more = repeated(bad, good, {}) if failing == "base" else repeated(good, bad, {})
    assert more is not None
    assert more.nodeids == {"t.py::1"}
    assert {test.phases[0].values["duration"] for test in (more.base.tests[0], more.head.tests[0])} == {1.0}


def test_attempts_of_another_plugin_are_one_run() -> None:
    """They follow one another; the last one counts."""
    failed, passed = a_test("t.py::0", call="failed"), a_test("t.py::0")
    run = run_of(failed, passed, a_test("t.py::1"), passed, a_test("t.py::1"))
    assert [test.outcome for test in by_loop(run)["t.py::0"]] == ["passed", "passed"]
    assert [test.outcome for test in first_loop(run).tests] == ["failed", "passed", "passed"]


def test_runs_of_several_workers_are_left_alone() -> None:
    """Attempts at one test have those of other workers among them, and each test ran once."""
    run = run_of(a_test("t.py::0", call="failed"), a_test("t.py::1"), a_test("t.py::0"))
    spread = replace(run, header=replace(run.header, workers=2))
    assert first_loop(spread) == spread
    assert repeated(spread, spread, {}) is None


def test_several_tests_with_one_node_id_are_no_loops() -> None:
    """Some plugins make such; they were collected as often as they ran."""
    run = run_of(
        a_test("t.py::0"), a_test("t.py::1"), a_test("t.py::0"), collected=("t.py::0", "t.py::1", "t.py::0")
    )
    assert first_loop(run) == run
    assert repeated(run, run, {}) is None


def test_a_fixture_counts_once_for_the_test_that_it_is_set_up_for() -> None:
    """However many loops set it up again."""
    one, two = a_fixture("t.py::0", 1.0), a_fixture("t.py::0", 2.0)
    run = replace(looped((1.0, 1.0), (1.0, 1.0)), costs=Costs(fixtures=(one, two)))
    assert first_loop(run).costs.fixtures == (one,)


def test_without_loops_there_is_nothing_more() -> None:
    """A run of one loop is what it is."""
    run = looped((1.0, 2.0))
    assert first_loop(run) == run
    assert repeated(run, run, {}) is None


def test_short_tests_are_repeated_as_long_as_it_is_cheap() -> None:
    """Long ones, and those whose fixtures are dear, run once."""
    run = looped((0.01, 0.02, 2.0))
    found = loops_for(run, [test.nodeid for test in run.tests], process=1.0, most=5)
    assert (found.count, found.nodeids) == (5, ("t.py::0", "t.py::1"))
    assert found.seconds == pytest.approx(4 * 3 * 0.03)
    dear = replace(run, costs=Costs(fixtures=(a_fixture("t.py::0", 3.0),)))
    assert loops_for(dear, found.nodeids, process=1.0, most=5) == ONCE
    kept = replace(run, costs=Costs(fixtures=(a_fixture("t.py::0", 3.0, "session"),)))
    assert loops_for(kept, found.nodeids, process=1.0, most=5).count == 5
    assert loops_for(run, ("t.py::0",), process=1.0, most=5) == ONCE
    assert loops_for(run, found.nodeids, process=1.0, most=1) == ONCE


@given(st.lists(st.floats(0.0001, 1.0), min_size=2, max_size=20), st.floats(0.1, 30), st.booleans())
def test_loops_never_cost_more_than_was_granted(seconds: list[float], process: float, whole: bool) -> None:
    """As much again as a process takes, between two and twenty seconds."""
    run = looped([each / 3 for each in seconds])
    found = loops_for(run, () if whole else [test.nodeid for test in run.tests], process, 5)
    assert found.seconds <= min(max(process, 2.0), 20.0) + 1e-9
    spent = sum(seconds_of(test) for test in run.tests if test.nodeid in found.nodeids)
    assert found.seconds == pytest.approx((found.count - 1) * spent)
