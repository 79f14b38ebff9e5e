"""Slowdowns that somebody has accepted in writing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.compare.justified import apply, matches, put
from paceline.compare.outcome import exit_of
from paceline.compare.trailer import from_text
from paceline.errors import Exit
from paceline.model.comparison import Comparison, Delta, SeriesKey
from paceline.model.justification import Justification

NODEID = "tests/test_a.py::TestX::test_y[a-[1]]"
DELTA = Delta(
    key=SeriesKey(suite="schema", subject="test", name=NODEID, phase="call", metric="sql_statements"),
    evidence="counted",
    verdict="regressed",
    ratio=1.4,
)
COMPARISON = Comparison(suite="schema", base="a", candidate="b", deltas=(DELTA,), renamed={})


def because(target: str, until: str | None = None, up_to: float | None = None) -> Justification:
    """Return a justification."""
    return Justification(target=target, reason="audit", owner="ann", until=until, up_to=up_to)


@pytest.mark.parametrize(
    "target",
    [
        NODEID,
        "tests/test_a.py::TestX::test_y",
        "tests/test_a.py::TestX",
        "tests/test_a.py",
        "tests/*",
        "*test_y*",
        "schema",
        f"schema:{NODEID}",
    ],
)
def test_a_target_stands_for_everything_in_it(target: str) -> None:
    """Brackets of parameter ids are no patterns."""
    assert matches(because(target), DELTA)


@pytest.mark.parametrize("target", ["tests/test_a", "tests/test_a.py::TestX::test", "pgvector", "schem", ""])
def test_a_target_stands_for_nothing_else(target: str) -> None:
    """A prefix that is no file, class or function matches nothing."""
    assert not matches(because(target), DELTA)


def test_a_justified_regression_fails_nothing() -> None:
    """And is still called one."""
    applied = apply([COMPARISON], [because("schema")], "2026-06-01")
    (delta,) = applied.comparisons[0].deltas
    assert ("regressed", because("schema")) == (delta.verdict, delta.justification)
    assert exit_of(applied.comparisons) == Exit.FINE


@pytest.mark.parametrize(("until", "code"), [("2026-06-01", Exit.FINE), ("2026-05-31", Exit.REGRESSED)])
def test_it_holds_until_its_last_day(until: str, code: Exit) -> None:
    """The day after, it is reported as expired and covers nothing."""
    applied = apply([COMPARISON], [because("schema", until=until)], "2026-06-01")
    assert exit_of(applied.comparisons) == code
    assert bool(applied.expired) == (code == Exit.REGRESSED)


def test_a_mistyped_day_is_over() -> None:
    """It was written by hand; nobody meant for ever."""
    applied = apply([COMPARISON], [because("schema", until="zoon")], "2026-06-01")
    assert (exit_of(applied.comparisons), len(applied.expired)) == (Exit.REGRESSED, 1)


@pytest.mark.parametrize(("up_to", "code"), [(1.4, Exit.FINE), (1.39, Exit.REGRESSED)])
def test_it_covers_up_to_its_limit(up_to: float, code: Exit) -> None:
    """Beyond, it has matched and doesn't cover."""
    applied = apply([COMPARISON], [because("schema", up_to=up_to)], "2026-06-01")
    assert (exit_of(applied.comparisons), ()) == (code, applied.unmatched)


def test_a_limit_does_not_cover_what_came_from_nothing() -> None:
    """From no statement to one is no ratio."""
    fresh = replace(COMPARISON, deltas=(replace(DELTA, ratio=None),))
    applied = apply([fresh], [because("schema", up_to=9.0)], "2026-06-01")
    assert exit_of(applied.comparisons) == Exit.REGRESSED


def test_one_that_matches_nothing_is_reported() -> None:
    """So that the file doesn't fill up with old excuses."""
    applied = apply([COMPARISON], [because("elsewhere"), because("schema")], "2026-06-01")
    assert (because("elsewhere"),) == applied.unmatched


def test_one_for_what_is_unchanged_is_reported_too() -> None:
    """There is nothing left to justify."""
    calm = replace(COMPARISON, deltas=(replace(DELTA, verdict="unchanged"),))
    assert (because("schema"),) == apply([calm], [because("schema")], "2026-06-01").unmatched


def test_trailers_are_read_from_messages() -> None:
    """The target may hold colons; what is malformed is told."""
    text = (
        "Add audit trail\n\nPaceline-Justify: tests/a.py::test_x[1]: one row per change\n"
        "paceline-justify: schema: PostgreSQL 19\nPaceline-Justify: tests/a.py::test_x\nPaceline-Justify:\n"
    )
    found, bad = from_text(text, "ann@example.org")
    assert [("tests/a.py::test_x[1]", "one row per change"), ("schema", "PostgreSQL 19")] == [
        (item.target, item.reason) for item in found
    ]
    assert bad == ("Paceline-Justify: tests/a.py::test_x", "Paceline-Justify:")


@given(st.lists(st.sampled_from("abcd")))
def test_there_is_one_justification_for_a_target(names: list[str]) -> None:
    """The last one counts, and the order is that of the targets."""
    stored: tuple[Justification, ...] = ()
    for name in names:
        stored = put(stored, because(name))
    assert sorted(set(names)) == [item.target for item in stored]
