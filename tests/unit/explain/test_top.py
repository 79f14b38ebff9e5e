"""Lists of tests, fixtures, statements and so on by a figure."""

from __future__ import annotations

import pytest
from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared, use

from paceline.errors import UnknownFigureError
from paceline.explain.top import ranking
from paceline.model.cost import ModuleMemory, SessionPart
from paceline.model.ranking import RankedKind
from paceline.model.run import PhaseName

SELECT = {"what": "SELECT 1", "where": "a.py:1"}
RUN = a_run(
    a_test(
        "test_a",
        phase("setup", 1.0, fixtures=[use("orders", 0.75)]),
        phase(
            "call",
            2.0,
            operations=[operation("sql", 0.5, count=3, rows=30, **SELECT), operation("sleep", 1.0)],
        ),
    ),
    a_test("test_b", phase("call", 4.0, operations=[operation("sql", 0.25, count=9, **SELECT)])),
    a_test("test_c", phase("call", 0.5), path="tests/test_stock.py"),
    fixtures=[
        shared("database", 8.0, operations=[operation("sql", 2.0, what="CREATE DATABASE x")]),
        shared("database", 1.0, teardown=True),
    ],
    parts=[
        SessionPart(part="module", name=FILE, duration=3.0, own=1.0, worker="main"),
        SessionPart(part="import", name="fastapi", duration=2.0, own=0.5, worker="main"),
    ],
    memory=[ModuleMemory(path=FILE, before=100, after=2148, worker="main")],
)


@pytest.mark.parametrize(
    ("kind", "by", "phase", "expected"),
    [
        ("tests", "duration", None, [("test_b", 4.0, 1), ("test_a", 3.0, 1), ("test_c", 0.5, 1)]),
        ("tests", "duration", "setup", [("test_a", 1.0, 1), ("test_b", 0.0, 1), ("test_c", 0.0, 1)]),
        ("files", "duration", None, [("test_orders.py", 7.0, 2), ("test_stock.py", 0.5, 1)]),
        ("fixtures", "duration", None, [("database", 9.0, 1), ("orders", 0.75, 1)]),
        ("fixtures", "duration", "teardown", [("database", 1.0, 0)]),
        ("fixtures", "count", None, [("database", 1.0, 1), ("orders", 1.0, 1)]),
        ("statements", "duration", None, [("CREATE DATABASE x", 2.0, 1), ("SELECT 1", 0.75, 12)]),
        ("statements", "count", "call", [("SELECT 1", 12.0, 12)]),
        ("statements", "rows", None, [("SELECT 1", 30.0, 3)]),
        ("operations", "duration", "call", [("sleep sleep", 1.0, 1), ("sql SELECT 1", 0.75, 12)]),
        ("modules", "duration", None, [("test_orders.py", 3.0, 1)]),
        ("modules", "memory", None, [("test_orders.py", 2048.0, 1)]),
        ("imports", "own", None, [("fastapi", 0.5, 1)]),
        ("plugins", "own", None, []),
    ],
)
def test_rows_stand_by_their_figure(
    kind: RankedKind, by: str, phase: PhaseName | None, expected: list[tuple[str, float, int]]
) -> None:
    """The largest first, with how often it happened."""
    found = ranking(RUN, kind, by, 10, phase)

    names = [row.name.rpartition("::")[2].rpartition("/")[2] for row in found.rows]
    assert expected == list(
        zip(names, [r.value for r in found.rows], [r.count for r in found.rows], strict=True)
    )


def test_the_total_and_the_length_count_what_is_not_shown() -> None:
    """A share is one of the whole."""
    found = ranking(RUN, "tests", "duration", 1)

    assert ([row.where for row in found.rows], found.total, found.length) == ([f"{FILE}:7"], 7.5, 3)


def test_parts_that_contain_one_another_have_no_total() -> None:
    """Adding them up would count twice."""
    assert ranking(RUN, "imports", "duration", 10).total is None
    assert ranking(RUN, "imports", "own", 10).total == 0.5


@pytest.mark.parametrize(
    ("kind", "by", "hint"),
    [
        ("tests", "durations", "Did you mean 'duration'?"),
        ("statements", "cpu_time", "There are duration, count, rows."),
    ],
)
def test_an_unknown_figure_is_answered_with_those_there_are(kind: RankedKind, by: str, hint: str) -> None:
    """Or with the one that was meant."""
    with pytest.raises(UnknownFigureError) as error:
        ranking(RUN, kind, by, 10)

    assert error.value.hint == hint
