"""Which suites a test belongs to."""

from __future__ import annotations

import pytest

from paceline.selection import matches, problem_with


@pytest.mark.parametrize(
    ("expression", "names", "selected"),
    [
        ("schema", {"schema"}, True),
        ("schema", {"schemas", "pgvector"}, False),
        ("schema", set[str](), False),
        ("not schema", set[str](), True),
        ("schema and not pgvector", {"schema", "pgvector"}, False),
        ("schema or pgvector", {"pgvector"}, True),
        ("(schema or pgvector) and slow", {"pgvector", "slow"}, True),
    ],
)
def test_expressions_mean_what_they_mean_to_pytest(expression: str, names: set[str], selected: bool) -> None:
    """As with `pytest -m`."""
    assert matches(expression, frozenset(names)) is selected


@pytest.mark.parametrize("expression", ["", "  ", "schema and", "(schema", "schema ==", "and"])
def test_a_wrong_expression_has_a_problem(expression: str) -> None:
    """It is told before the first test is collected."""
    assert problem_with(expression)


@pytest.mark.parametrize("expression", ["schema", "a and not (b or c)"])
def test_a_good_expression_has_none(expression: str) -> None:
    """Nothing to say."""
    assert problem_with(expression) is None
