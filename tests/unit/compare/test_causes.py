"""What a change is explained by."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.costs import a_test, operation, phase

from paceline.compare.causes import causes_in_records
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
