"""Which suites a test belongs to."""

from __future__ import annotations

import pytest

from paceline.selection import is_in, matches, problem_with


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


@pytest.mark.parametrize("expression", ["  ", "schema and", "(schema", "schema ==", "and"])
def test_a_wrong_expression_has_a_problem(expression: str) -> None:
    """It is told before the first test is collected."""
    assert problem_with(expression)


@pytest.mark.parametrize("expression", ["", "schema", "a and not (b or c)"])
def test_a_good_expression_has_none(expression: str) -> None:
    """Nothing to say."""
    assert problem_with(expression) is None


@pytest.mark.parametrize(
    ("nodeid", "inside"),
    [
        ("tests/db/test_a.py::test_x", True),
        ("tests/db/deep/test_b.py::TestA::test_x[1]", True),
        ("tests/one.py::test_x", True),
        ("tests/two.py::test_y[a]", True),
        ("tests/two.py::test_yy", False),
        ("tests/dbx/test_a.py::test_x", False),
        ("other/tests/db/test_a.py::test_x", False),
    ],
)
def test_a_suite_of_paths_has_what_lives_in_them(nodeid: str, inside: bool) -> None:
    """Folders, files and node ids; never what merely begins alike."""
    paths = ("tests/db/", "./tests/one.py", "tests/two.py::test_y")

    assert is_in(nodeid, paths) is inside
