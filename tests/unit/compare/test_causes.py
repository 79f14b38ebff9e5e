"""What a change is explained by."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.costs import a_test, operation, phase, shared

from paceline.compare.causes import causes_in_fixture, causes_in_records
from paceline.model.cost import SharedFixture
from paceline.model.run import TestRecord


def test_more_statements_are_explained_by_statements_that_are_more() -> None:
    """Another one that merely took longer, on a busy machine, isn't why, however much longer it took."""
    slow = operation("sql", 0.001, what="UPDATE t", where="app.py:9")
    before = a_test("test_a", phase("call", 1.0, operations=[slow]))
    after = a_test(
        "test_a",
        phase(
            "call",
            1.0,
            operations=[
                operation("sql", 0.5, what="UPDATE t", where="app.py:9"),
                operation("sql", 0.002, what="SELECT x", where="app.py:3", count=20),
            ],
        ),
    )

    [cause] = causes_in_records(before, after, "call", "sql_statements")
    assert (cause.text, cause.where) == ("20 statements instead of 0: SELECT x", "app.py:3")
    texts = [cause.text for cause in causes_in_records(before, after, "call", "sql_time")]
    assert texts[0] == "statement takes longer: UPDATE t"


def test_what_takes_a_little_longer_does_not_explain_much() -> None:
    """A statement that took 3 ms more isn't why a test takes 30 ms more; computing longer is."""

    def measured(statement: float, cpu: float) -> TestRecord:
        done = operation("sql", statement, what="SELECT x", where="app.py:3")
        made = phase("call", 0.3, operations=[done])
        return a_test("test_a", replace(made, values={**made.values, "cpu_time": cpu}))

    before = measured(0.010, 0.30)
    [cause] = causes_in_records(before, measured(0.013, 0.33), "call", "clean_time", growth=0.03)
    assert cause.text == "computing, in the test or what it calls"
    assert cause.seconds == pytest.approx(0.03)
    assert causes_in_records(before, measured(0.013, 0.31), "call", "clean_time", growth=0.03) == ()
    [cause] = causes_in_records(before, measured(0.030, 0.33), "call", "clean_time", growth=0.03)
    assert cause.text == "statement takes longer: SELECT x"


def test_a_fixture_is_slower_for_what_it_grew_by() -> None:
    """Not for a statement that took a millisecond more, unless that is what it grew by."""

    def template(migration: float, drop: float, *, sleeps: int) -> SharedFixture:
        done = [operation("sql", drop, what="DROP DATABASE scratch", where="testing.py:50")]
        done += [operation("sql", migration, what="SELECT pg_sleep", where="0006.py:29")] * sleeps
        return shared("template", migration + drop, operations=done)

    before, after = [template(0.0, 0.006, sleeps=0)], [template(0.5, 0.007, sleeps=1)]
    texts = [cause.text for cause in causes_in_fixture("tests::template", before, after, growth=0.5)]
    assert texts == ["1 statement instead of 0: SELECT pg_sleep"]
    [little] = causes_in_fixture("tests::template", before, [template(0.0, 0.007, sleeps=0)], growth=0.001)
    assert little.text == "statement takes longer: DROP DATABASE scratch"
