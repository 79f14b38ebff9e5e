"""Statements that differ in their values only become one, whichever driver sends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.metrics.sql_text import LONGEST, normalise, summary

_VALUES = st.one_of(
    st.integers(min_value=0).map(str),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["?", "%s", "%(name_1)s", ":name", "$1", "$12", "@p3", "E'a\\'b'", "$$x y$$", "$t$'$t$"]),
)
_ANY_SPACE = st.sampled_from([" ", "\n", "\t  ", " -- why?\n", " /* it's */ "])


@given(_VALUES, _VALUES, _ANY_SPACE)
def test_values_and_layout_make_no_difference(one: str, other: str, space: str) -> None:
    """A literal, a parameter of any driver, a line break and a comment change nothing."""
    query = f"SELECT a FROM t{space}WHERE x = {one}{space}AND y = {other}"
    assert normalise(query) == "SELECT a FROM t WHERE x = ? AND y = ?"


@given(st.lists(_VALUES, min_size=1, max_size=30))
def test_the_length_of_a_list_makes_no_difference(values: list[str]) -> None:
    """IN lists of any length are one."""
    assert normalise(f"DELETE FROM t WHERE x IN ({', '.join(values)})") == "DELETE FROM t WHERE x IN (?)"


@given(st.lists(st.tuples(_VALUES, _VALUES), min_size=1, max_size=20))
def test_the_number_of_rows_makes_no_difference(rows: list[tuple[str, str]]) -> None:
    """An INSERT of many rows is that of one row."""
    values = ",".join(f"({one}, now(), {other})" for one, other in rows)
    assert (
        normalise(f"INSERT INTO t (a,b,c) VALUES {values}") == "INSERT INTO t (a, b, c) VALUES (?, now(), ?)"
    )


@given(st.text(max_size=2000))
def test_any_text_is_taken(text: str) -> None:
    """Whatever is sent, there is an answer that isn't too long, on one line."""
    found = normalise(text)
    assert len(found) <= LONGEST
    assert "\n" not in normalise(f"SELECT 1 {text}".replace('"', "").replace("`", ""))
    assert len(summary(found)) <= 255


@given(st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"])))
def test_what_is_quoted_is_never_shown(secret: str) -> None:
    """A literal is gone, even if its end is missing because the statement was cut."""
    assert normalise(f"UPDATE t SET x = '{secret}") == "UPDATE t SET x = ?"


def test_a_long_statement_keeps_its_ends() -> None:
    """Which columns an ORM asks for matters less than the tables and the condition."""
    columns = ", ".join(f"orders.column_{number}" for number in range(60))
    found = normalise(f"SELECT {columns} FROM orders WHERE orders.id = 5")
    assert len(found) == LONGEST
    assert found.startswith("SELECT orders.column_0, ")
    assert found.endswith(" FROM orders WHERE orders.id = ?")
    assert summary(found) == "SELECT orders"


def test_a_huge_statement_is_only_read_in_part() -> None:
    """A literal of megabytes costs no more than its beginning."""
    assert normalise("INSERT INTO t VALUES ('" + "x" * 5_000_000 + "')") == "INSERT INTO t VALUES (?"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT t1.c2, arr[3] FROM t1", "SELECT t1.c2, arr[?] FROM t1"),
        ("SELECT x WHERE y = $1::VARCHAR(30) AND z::text = %s", "SELECT x WHERE y = ? AND z::text = ?"),
        ("SELECT $1::TIMESTAMP WITHOUT TIME ZONE, b", "SELECT ?, b"),
        ("SELECT a FROM t WHERE b = -5 AND c > -1.5e3", "SELECT a FROM t WHERE b = ? AND c > ?"),
        ("SELECT a LIKE 'x%%' AND b %% 2", "SELECT a LIKE ? AND b % ?"),
        ("SELECT d ?| ARRAY['a', 'b']", "SELECT d ?| ARRAY[?]"),
        ('SELECT "the 3 ""names""" FROM "My Table"', 'SELECT "the 3 ""names""" FROM "My Table"'),
        ("SAVEPOINT sa_savepoint_12", "SAVEPOINT ?"),
        ("RELEASE SAVEPOINT sa_savepoint_12;", "RELEASE SAVEPOINT ?"),
        ('ROLLBACK TO SAVEPOINT "s1_x2"', "ROLLBACK TO SAVEPOINT ?"),
        ("ROLLBACK TO s1", "ROLLBACK TO ?"),
        (
            "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES ($1::VARCHAR, 0), ($2::VARCHAR, 1)) AS s(n)",
            "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES (?, ?)) AS s(n)",
        ),
    ],
)
def test_what_stays(sql: str, expected: str) -> None:
    """Names, casts of columns and operators stay."""
    assert normalise(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM orders o JOIN shop.lines l ON o.id = l.id", "SELECT orders shop.lines"),
        ("INSERT INTO orders (a) VALUES (?)", "INSERT orders"),
        ("UPDATE ONLY orders SET a = ?", "UPDATE orders"),
        ("WITH x AS (SELECT ?) DELETE FROM orders", "SELECT orders"),
        ("CREATE TABLE IF NOT EXISTS orders (id INTEGER)", "CREATE orders"),
        ("COMMIT", "COMMIT"),
    ],
)
def test_summary(sql: str, expected: str) -> None:
    """A statement is summed up by what it does and to which tables."""
    assert summary(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('CREATE DATABASE "a_scratch_dea66d6d"', 'CREATE DATABASE "a_scratch_*"'),
        ("DROP TABLE tmp_00c0ffee12, other", "DROP TABLE tmp_*, other"),
        ('SELECT * FROM "t-0f8fad5b-d9cb-469f-a165-70867728950e"', 'SELECT * FROM "t-*"'),
        # words that happen to be of such letters, short numbers, and what isn't at the end of a word
        ("SELECT a_deadbeef, b_2024, c_1234567g FROM x20240101", None),
    ],
)
def test_made_up_names_are_one(sql: str, expected: str | None) -> None:
    """A database that gets a random name each time is always made by the same statement."""
    assert normalise(sql) == (expected or sql)
