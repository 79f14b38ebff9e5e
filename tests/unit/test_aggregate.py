"""From runs to a profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.records import make_run, make_test

from paceline.model.cost import Costs, SharedFixture
from paceline.model.profile import SlowTest
from paceline.model.run import RunEnd, SessionSpan
from paceline.model.status import unreported
from paceline.profile.aggregate import aggregate, ranking, slowest


def test_the_parts_of_a_session_are_kept_apart() -> None:
    """Start-up, collection, set-up, call and tear-down add up over processes, beside CPU time."""
    spans = (
        SessionSpan(name="startup", duration=0.5, cpu_time=0.4, worker="main"),
        SessionSpan(name="startup", duration=0.7, cpu_time=0.6, worker="gw0"),
        SessionSpan(name="collection", duration=0.2, cpu_time=0.1, worker="gw0"),
        SessionSpan(name="tests", duration=9.0, cpu_time=9.0, worker="gw0"),
    )
    run = replace(make_run(make_test("a", setup=1.0, call=2.0, teardown=3.0), wall=20.0), spans=spans)

    profile = aggregate("s", "s", "pytest -m s", [run])

    durations = {part: metrics["duration"].median for part, metrics in profile.totals.items()}
    assert durations == pytest.approx(
        {"startup": 1.2, "collection": 0.2, "setup": 1.0, "call": 2.0, "teardown": 3.0}
    )
    assert profile.totals["startup"]["cpu_time"].median == pytest.approx(1.0)


def test_what_pytest_does_between_the_phases_is_told() -> None:
    """168 long tracebacks took 80 of 103 s in a real project, and no phase contained them."""
    spans = (SessionSpan(name="tests", duration=9.0, cpu_time=5.0, worker="main"),)
    run = replace(make_run(make_test("a", setup=1.0, call=2.0, teardown=3.0), wall=20.0), spans=spans)

    profile = aggregate("s", "s", "pytest -m s", [run])

    assert profile.totals["between"]["duration"].median == pytest.approx(3.0)
    with_workers = replace(run, header=replace(run.header, workers=2))
    assert "between" not in aggregate("s", "s", "pytest -m s", [with_workers]).totals


def test_a_round_without_figures_does_not_spoil_the_others() -> None:
    """The crashed round is left out of the numbers, and its lost tests are named."""
    good = make_run(make_test("a"), make_test("b"), wall=4.0)
    crashed = replace(
        make_run(make_test("a"), wall=1.0), collected=("a", "b"), end=RunEnd(exit_code=None, signal=9)
    )

    profile = aggregate("s", "s", "c", [good, crashed])

    assert (profile.status, profile.rounds) == ("measured", 1)
    assert profile.wall_time is not None
    assert profile.wall_time.median == 4.0
    assert profile.unreported == ("b",)


def test_a_test_that_failed_in_one_round_is_not_forgotten() -> None:
    """The worst of the rounds that count decides the status."""
    green = make_run(make_test("a"))
    red = make_run(make_test("a", outcome="failed"), exit_code=1)

    assert aggregate("s", "s", "c", [red, green]).status == "tests_failed"


def test_tests_that_end_differently_from_round_to_round_are_named() -> None:
    """They depend on order, timing or one another; a stable failure is not among them."""
    first = make_run(make_test("a"), make_test("b"), make_test("c", outcome="failed"), exit_code=1)
    second = make_run(make_test("b", outcome="failed"), make_test("a"), make_test("c", outcome="failed"))

    assert aggregate("s", "s", "c", [first, second]).unstable == ("b",)


def test_reruns_count_for_the_time_spent_and_the_last_attempt_for_the_test() -> None:
    """What the suite spent includes the failed attempt; the test's own figure is that of its last one."""
    first = make_test("a", call=5.0, outcome="failed")
    second = replace(make_test("a", call=1.0), attempt=2)

    profile = aggregate("s", "s", "c", [make_run(first, second)])

    assert profile.totals["call"]["duration"].median == 6.0
    assert profile.tests[0].phases["call"]["duration"].median == 1.0
    assert profile.outcomes == {"passed": 1}


def test_tests_that_share_a_node_id_all_count() -> None:
    """They are not attempts at one test: each is counted, and a lost one is missed."""
    shared = [make_test("a", call=1.0), make_test("a", call=3.0)]
    run = replace(make_run(*shared), collected=("a", "a"))

    profile = aggregate("s", "s", "c", [run])

    assert profile.outcomes == {"passed": 2}
    assert unreported(replace(run, collected=("a", "a", "a"))) == ("a",)
    assert profile.tests[0].phases["call"]["duration"].n == 2


def test_no_runs_is_a_mistake_of_the_caller() -> None:
    """There is nothing to say about nothing."""
    with pytest.raises(ValueError, match="no run of s"):
        aggregate("s", "s", "c", [])


def test_noise_does_not_change_which_tests_are_listed_as_slowest() -> None:
    """A listed test that fell back a little stays, so the file's lines stay the same."""
    before = aggregate("s", "s", "c", [make_run(make_test("a", call=1.0), make_test("b", call=0.9))])
    after = aggregate("s", "s", "c", [make_run(make_test("a", call=0.9), make_test("b", call=1.0))])

    listed = slowest(before, 1)

    assert [test.nodeid for test in listed] == ["a"]
    assert [test.nodeid for test in slowest(after, 1, listed)] == ["a"]


def test_a_listed_test_that_became_fast_makes_room() -> None:
    """Patience ends at twice the length of the list."""
    tests = [make_test(name, call=duration) for name, duration in [("a", 0.001), ("b", 1.0), ("c", 0.9)]]
    profile = aggregate("s", "s", "c", [make_run(*tests)])
    former = [SlowTest(nodeid="a", duration=5.0, phase="call")]

    assert [test.nodeid for test in slowest(profile, 1, former)] == ["b"]


@given(st.lists(st.floats(0.0001, 100), min_size=1, max_size=30), st.integers(1, 10))
def test_the_slowest_are_always_among_the_slowest(durations: list[float], limit: int) -> None:
    """Without a former list they are exactly the top ones."""
    tests = [make_test(f"t{at}", call=duration) for at, duration in enumerate(durations)]
    profile = aggregate("s", "s", "c", [make_run(*tests)])

    listed = slowest(profile, limit)

    assert sorted(test.duration for test in listed) == sorted(
        test.duration for test in ranking(profile)[:limit]
    )


def _shared(name: str, own: float, nodeid: str | None) -> SharedFixture:
    return SharedFixture(
        argname=name,
        baseid="",
        scope="session",
        event="setup" if nodeid else "teardown",
        outcome="passed",
        nodeid=nodeid,
        worker="main",
        start=0.0,
        values={"duration": own + 1.0},
        own={"duration": own},
    )


def test_shared_fixtures_have_a_total_of_their_own() -> None:
    """No phase and no other part of the session contains them as well."""
    spans = (
        SessionSpan(name="tests", duration=9.0, cpu_time=5.0, worker="main"),
        SessionSpan(name="finish", duration=1.0, cpu_time=0.5, worker="main"),
    )
    run = replace(
        make_run(make_test("a", setup=1.0, call=2.0, teardown=3.0), wall=20.0),
        spans=spans,
        costs=Costs(fixtures=(_shared("server", 1.5, "a"), _shared("server", 0.25, None))),
    )

    totals = aggregate("s", "s", "pytest -m s", [run]).totals

    durations = {part: metrics["duration"].median for part, metrics in totals.items()}
    assert durations == pytest.approx(
        {"shared_fixtures": 1.75, "setup": 1.0, "call": 2.0, "teardown": 3.0, "between": 1.5, "finish": 0.75}
    )


def test_isolation_is_a_part_of_its_own() -> None:
    """What the phases leave out is a total beside them, and isn't what pytest did between them."""
    spans = (SessionSpan(name="tests", duration=9.0, cpu_time=5.0, worker="main"),)
    test = make_test("a", setup=1.0, call=2.0, teardown=3.0)
    apart: tuple[dict[str, float], ...] = (
        {"isolation_time": 0.75, "isolation_cpu_time": 0.25},
        {"isolation_time": 0.0},
        {},
    )
    phases = tuple(
        replace(phase, values={**phase.values, **more})
        for phase, more in zip(test.phases, apart, strict=True)
    )
    run = replace(make_run(replace(test, phases=phases), wall=20.0), spans=spans)

    profile = aggregate("s", "s", "pytest -m s", [run])

    durations = {part: metrics["duration"].median for part, metrics in profile.totals.items()}
    assert durations == pytest.approx(
        {"setup": 1.0, "call": 2.0, "teardown": 3.0, "isolation": 0.75, "between": 2.25}
    )
    assert profile.totals["isolation"]["cpu_time"].median == pytest.approx(0.25)
    assert profile.totals["between"]["cpu_time"].median == pytest.approx(1.75)
    assert profile.tests[0].phases["setup"]["isolation_time"].median == 0.75


def test_isolation_is_not_mentioned_where_there_is_none() -> None:
    """A column of zeros for every test of every project would be noise in a committed file."""
    test = make_test("a")
    phases = tuple(
        replace(phase, values={**phase.values, "isolation_time": 0.0, "isolation_cpu_time": 0.0})
        for phase in test.phases
    )

    profile = aggregate("s", "s", "pytest -m s", [make_run(replace(test, phases=phases))])

    assert "isolation" not in profile.totals
    assert {"duration", "cpu_time"} == set(profile.totals["setup"])
    assert {"duration", "cpu_time"} == set(profile.tests[0].phases["setup"])


def test_shared_fixtures_are_summed_without_what_they_need() -> None:
    """Over set-ups and tear-downs of all workers, with the number of set-ups."""

    def use(worker: str, event: Literal["setup", "teardown"]) -> SharedFixture:
        return SharedFixture(
            argname="db",
            baseid="tests",
            scope="session",
            event=event,
            outcome="passed",
            nodeid=None,
            worker=worker,
            start=0.0,
            values={"duration": 9.0},
            own={"duration": 1.5},
        )

    uses = (use("gw0", "setup"), use("gw0", "teardown"), use("gw1", "setup"))
    run = replace(make_run(make_test("t.py::x")), costs=Costs(fixtures=uses))
    found = aggregate("s", "s", "pytest", [run]).fixtures
    assert {"tests::db": {"setups": 2, "duration": 4.5}} == {
        name: {metric: summary.median for metric, summary in metrics.items()}
        for name, metrics in found.items()
    }
