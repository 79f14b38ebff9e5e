"""Who did what when, who waited, and who ran alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import a_run, a_test, explained, phase, shared, spans

from paceline.explain.timeline import Timeline, timeline
from paceline.model.run import Run
from paceline.report.document import Note
from paceline.report.explain_document import explain_document


def uneven() -> Run:
    """Two workers: gw0 ends at 4, gw1 at 10; gw1's second test runs alone for 5 of its 6 seconds."""
    return a_run(
        a_test("test_a", phase("setup", 1.0, start=0.0), phase("call", 3.0, start=1.0), worker="gw0"),
        a_test("test_b", phase("setup", 0.5, start=0.0), phase("call", 0.5, start=2.5), worker="gw1"),
        a_test("test_c", phase("call", 6.0, start=4.0), worker="gw1"),
        fixtures=[shared("database", 2.0, nodeid="tests/test_orders.py::test_b", worker="gw1", start=0.4)],
        workers=2,
        spans=[*spans("gw0", tests=4.0), *spans("gw1", tests=10.0), *spans("main", tests=11.0)],
    )


def test_a_phase_lasts_as_long_as_the_shared_fixtures_in_it() -> None:
    """Its own seconds don't contain them, the clock on the wall does."""
    lane = timeline(uneven()).lanes[1]

    assert [(one.kind, one.name, one.start, one.end) for one in lane.intervals] == [
        ("phase", "setup", 0.0, 2.5),
        ("fixture", "database", 0.4, 2.4),
        ("phase", "call", 2.5, 3.0),
        ("phase", "call", 4.0, 10.0),
    ]
    assert (lane.busy, lane.gaps, lane.tests) == (9.0, 1.0, 2)


def test_who_waited_and_who_ran_alone() -> None:
    """From the end of the last but one worker on, the last one's tests run alone."""
    found = timeline(uneven())

    assert (found.duration, found.idle, found.balanced) == (10.0, 6.0, 7.0)
    assert found.alone == (("tests/test_orders.py::test_c", 6.0),)


def test_the_account_of_a_run_has_a_row_for_each_worker() -> None:
    """With what it did, drawn as letters."""
    first, second = explained(uneven()).workers

    assert (first.worker, first.busy, first.idle, first.strip) == ("gw0", 4.0, 6.0, "#" * 16 + "." * 24)
    assert (second.worker, second.gaps, second.idle) == ("gw1", 1.0, 0.0)
    assert second.strip == "##" + "=" * 8 + "#" * 2 + "." * 4 + "#" * 24


def test_the_wall_time_is_told_beside_the_summed_seconds() -> None:
    """And what it would be if the workers had ended together."""
    found = explained(uneven())

    assert (found.wall, found.balanced) == (10.0, 7.0)
    texts = [block.text for block in explain_document(found).blocks if isinstance(block, Note)]
    assert texts[1] == "The tests took 10.00 s by the clock; 7.00 s if all workers had ended together."


def test_the_idle_seconds_are_the_first_thing_to_do() -> None:
    """They come back when the test that ran alone starts earlier."""
    found = explained(uneven())

    assert (found.suggestions[0].cause, found.suggestions[0].seconds) == ("idle_workers", 6.0)
    assert "start tests/test_orders.py::test_c earlier" in found.suggestions[0].text


@pytest.mark.parametrize(
    "run", [a_run(), a_run(a_test("test_a", phase("call", 1.0)))], ids=["empty", "no times"]
)
def test_a_run_without_times_of_day_has_no_timeline(run: Run) -> None:
    """It is explained without one."""
    assert timeline(run) == Timeline()
    assert explained(run).workers == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(["gw0", "gw1", "gw2"]), st.floats(0, 9), st.floats(0.01, 9)), min_size=1
    )
)
def test_lanes_lie_within_the_run(moments: list[tuple[str, float, float]]) -> None:
    """Whatever overlaps: none is idle for longer than the run, and balance is never slower."""
    tests = [
        a_test(f"test_{at}", phase("call", seconds, start=start), worker=worker)
        for at, (worker, start, seconds) in enumerate(moments)
    ]

    found = timeline(a_run(*tests, workers=3))

    assert all(found.start <= lane.start <= lane.end <= found.end for lane in found.lanes)
    assert 0 <= found.idle <= found.duration * len(found.lanes)
    assert 0 <= found.balanced <= found.duration
    assert all(len(lane.strip(found.start, found.end, 20)) == 20 for lane in found.lanes)
