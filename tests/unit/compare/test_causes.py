"""What a change is explained by."""

from __future__ import annotations

from tests.harness.costs import a_test, operation, phase

from paceline.compare.causes import causes_in_records


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
