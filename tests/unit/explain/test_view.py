"""A suite as the page shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared, spans
from tests.harness.pages import some_run, view_of

from paceline.explain.costs import fixture_costs, statement_costs
from paceline.explain.division import examined
from paceline.explain.kinds import times
from paceline.model.times import TIME_NAMES


@given(st.lists(st.floats(0, 100), min_size=7, max_size=7))
def test_the_kinds_add_up_to_the_whole(seconds: list[float]) -> None:
    """Nothing is counted twice and nothing is left out, whatever overlaps."""
    setup, call, sql, nap, fixture, startup, collection = seconds
    operations = [operation("sql", sql), operation("sleep", nap)]
    run = a_run(
        a_test("test_a", phase("setup", setup), phase("call", call, operations=operations)),
        fixtures=[shared("database", fixture)],
        spans=spans(startup=startup, collection=collection),
    )
    evidence = examined(run)

    found = dict(times(evidence.shares))

    assert tuple(found) == tuple(TIME_NAMES)
    assert sum(found.values()) == pytest.approx(setup + call + fixture + startup + collection)


def test_time_is_counted_where_it_was_waited_for() -> None:
    """SQL within a fixture is database, a sleep within a test is waiting."""
    run = a_run(
        a_test("test_a", phase("call", 3.0, operations=[operation("sleep", 1.0)])),
        fixtures=[shared("database", 2.0, operations=[operation("sql", 0.5)])],
    )

    found = dict(times(examined(run).shares))

    assert {kind: seconds for kind, seconds in found.items() if seconds} == pytest.approx(
        {"call": 2.0, "waiting": 1.0, "fixtures": 1.5, "database": 0.5}
    )


def test_fixtures_say_how_often_they_were_built() -> None:
    """Set-ups are builds, tear-downs only cost."""
    run = a_run(
        a_test("test_a", phase("call", 1.0)),
        fixtures=[
            shared("database", 2.0),
            shared("database", 1.0),
            shared("database", 0.5, teardown=True),
            shared("cache", 0.1),
        ],
    )

    found = fixture_costs(examined(run), 10)

    assert [(cost.name, cost.builds) for cost in found] == [("database", 2), ("cache", 1)]
    assert [cost.seconds for cost in found] == pytest.approx([3.5, 0.1])
    assert [cost.name for cost in fixture_costs(examined(run), 1)] == ["database"]


def test_statements_are_told_by_text_and_place() -> None:
    """The same statement from two lines is two rows; what was not timed or counted stays unknown."""
    run = a_run(
        a_test(
            "test_a",
            phase(
                "call",
                1.0,
                operations=[
                    operation("sql", 0.2, what="SELECT 1", where=f"{FILE}:1", rows=2),
                    operation("sql", 0.3, what="SELECT 1", where=f"{FILE}:1", rows=1, count=4),
                    operation("sql", None, what="SELECT 1", where=f"{FILE}:2"),
                    operation("sleep", 0.1),
                ],
            ),
        )
    )

    found = statement_costs(run, 10)

    assert [(one.where, one.count, one.seconds, one.rows) for one in found] == [
        (f"{FILE}:1", 5, 0.5, 3),
        (f"{FILE}:2", 1, None, None),
    ]


def test_the_slowest_tests_say_what_they_were_spent_on() -> None:
    """In shares of its phases; a shared fixture is in none of them."""
    slowest = max(view_of(some_run()).tests, key=lambda test: test.seconds)

    assert slowest.nodeid == f"{FILE}::test_orders"
    assert slowest.causes == (
        f"56% Python, in the test and what it calls ({FILE}:7); 28% SELECT ({FILE}:9); "
        "17% pytest and its plugins around the test"
    )
    assert slowest.history == pytest.approx((1.44, 1.458, 1.476, 1.8))


def test_lanes_are_told_with_their_longest() -> None:
    """Where things were, counted from the first moment of the run."""
    first, second = view_of(some_run()).lanes

    assert (first.worker, first.tests, second.worker, second.tests) == ("gw0", 1, "gw1", 1)
    assert [mark.name for mark in first.longest] == [f"{FILE}::test_orders", "fixture database"]
    assert [mark.start for mark in first.longest] == pytest.approx([0.3, 0.0])
    assert second.idle == pytest.approx(1.3)
