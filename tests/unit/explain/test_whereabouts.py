"""Where most of something was done: the counts say so, and one slow thing is named whatever its count."""

from __future__ import annotations

import pytest

from paceline.explain.whereabouts import mostly
from paceline.model.account import Part


def part(where: str | None, seconds: float, count: int) -> Part:
    """Return a part of something that was done in several places."""
    return Part(cause="statements", seconds=seconds, text="", where=where, count=count)


@pytest.mark.parametrize("busy", [0.6, 1.0, 1.6], ids=["quick", "as usual", "slow"])
def test_migrations_are_named_although_a_test_has_the_slowest_line(busy: float) -> None:
    """However long the one query of the test took, most statements were sent by the migrations."""
    parts = [
        part("tests/test_migrations.py:73", 0.8 * busy, 26),
        part("migrations/versions/0001.py", 0.7, 266),
        part("migrations/versions/0003.py:15", 0.35, 10),
        part("migrations/env.py", 0.3, 150),
        part("tests/test_migrations.py", 0.25, 63),
    ]

    found = mostly(sorted(parts, key=lambda one: -one.seconds))

    assert found == "most from migrations/versions/0001.py"


def test_a_folder_is_named_where_no_file_has_most() -> None:
    """The innermost that has more than half."""
    files = [part(f"migrations/versions/{at}.py", 0.1, 30) for at in range(4)]

    assert mostly([*files, part("src/shop/db.py", 0.1, 40)]) == "most from migrations/versions/"


def test_one_slow_statement_is_most_of_it() -> None:
    """It is the cause, and the many quick ones beside it are not."""
    assert mostly([part("a.py:7", 3.2, 1), part("b.py", 0.4, 700)]) == "most from a.py:7"


def test_lines_are_never_told_as_a_folder() -> None:
    """A statement that is repeated is mended in a line; the one with most repetitions is named."""
    parts = [part("src/a.py:1", 0.2, 40), part("src/a.py:9", 0.3, 30), part("src/b.py:5", 0.1, 35)]

    assert mostly(parts) == "40 of them from src/a.py:1"


def test_what_has_no_place_has_none() -> None:
    """Nothing is made up."""
    assert mostly([part(None, 1.0, 3), part(None, 0.5, 2)]) == ""
