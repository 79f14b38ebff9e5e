"""What the text of a statement says about transactions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.isolation.databases.mariadb.transactions import GRAMMAR as MARIADB
from paceline.isolation.databases.postgresql.grammar import GRAMMAR
from paceline.isolation.databases.sqlite.transactions import GRAMMAR as SQLITE
from paceline.isolation.shared import statements
from paceline.isolation.shared.statements import Statement


def read_statement(sql: object) -> Statement:
    """Read as PostgreSQL's."""
    return statements.read_statement(sql, GRAMMAR)


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("COMMIT", "COMMIT"),
        ("  commit;", "COMMIT"),
        ("/* why */ -- not\n Rollback", "ROLLBACK"),
        ("select 1; end", "END"),
        ("START  TRANSACTION read only", "START TRANSACTION"),
        ("abort work", "ABORT"),
        ("prepare transaction 'x'", "PREPARE TRANSACTION"),
        ("commit prepared 'x'", "COMMIT"),
        ("create unique index concurrently i on t (a)", "CREATE UNIQUE INDEX CONCURRENTLY"),
        ("reindex (verbose) table concurrently t", "REINDEX (VERBOSE) TABLE CONCURRENTLY"),
        ("vacuum full", "VACUUM"),
        ("savepoint a; savepoint b", "SAVEPOINT"),
        (b"COMMIT", "COMMIT"),
    ],
)
def test_what_would_end_the_transaction_is_refused(sql: object, refused: str) -> None:
    """Whatever hides it: comments, case, a second statement."""
    assert read_statement(sql).refused == refused


@pytest.mark.parametrize(
    "sql",
    [
        "select 'COMMIT; ROLLBACK'",
        "insert into t values ($$ commit; $$)",
        "insert into t values ($x$ ; commit; $$ $x$)",
        "select case when a then b end from t",
        'select "commit" from t',
        "update t set begin = 1",
        "select E'\\'; commit'",
        "prepare p as select 1",
        "create index i on t (a)",
    ],
)
def test_what_only_looks_like_it_is_not(sql: str) -> None:
    """Strings, names and words inside of statements end nothing."""
    assert not read_statement(sql).refused


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SAVEPOINT sa_savepoint_1", ("savepoint", "sa_savepoint_1")),
        ('savepoint "Mine"', ("savepoint", "Mine")),
        ("RELEASE SAVEPOINT A", ("release", "a")),
        ("release a;", ("release", "a")),
        ("ROLLBACK TO SAVEPOINT a", ("rollback_to", "a")),
        ("rollback work to a", ("rollback_to", "a")),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", ("characteristics", "")),
    ],
)
def test_savepoints_are_carried_out(sql: str, expected: tuple[str, str]) -> None:
    """They get unique names, so the application's have to be known."""
    statement = read_statement(sql)
    assert (statement.control, statement.name, statement.refused) == (*expected, "")


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*), max(id) from t where a in (1, 2)",
        "with x as (select 1) select * from x",
        "select * from t for update",
        "show search_path",
        "select pg_sleep(1)",
        "explain select 1",
    ],
)
def test_reading(sql: str) -> None:
    """What changes no rows for certain."""
    assert read_statement(sql).reads


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t values (1)",
        "with x as (delete from t returning *) select * from x",
        "select * into u from t",
        "select place_order(1)",
        "explain analyze insert into t values (1)",
        "call work()",
        "select 1; update t set a = 1",
        "truncate t",
        "copy t from stdin",
    ],
)
def test_whatever_may_write_writes(sql: str) -> None:
    """A function may do anything."""
    assert not read_statement(sql).reads


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("prepare named as select 1", True),
        ("do $$ begin execute 'prepare hidden as select 1'; end $$", True),
        ("call work()", True),
        ("set work_mem = '5MB'", False),
        ("insert into t values ('prepare')", False),
    ],
)
def test_what_no_rollback_undoes(sql: str, expected: bool) -> None:
    """A statement that is prepared, also by what a block or procedure may do."""
    assert read_statement(sql).changes_session is expected


def test_what_is_about_the_server() -> None:
    """A database that is made elsewhere doesn't concern the one that is isolated."""
    assert read_statement('CREATE DATABASE "x" TEMPLATE "y"').about_server
    assert not read_statement("vacuum").about_server


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Nothing that an application sends makes it raise."""
    assert isinstance(read_statement(text), Statement)


class Composed:
    """Stands for the composed statements of drivers."""

    def __init__(self, text: str | None) -> None:
        """Know the text, or need a connection to tell."""
        self.text = text

    def as_string(self, connection: object) -> str:
        """Return the text."""
        assert self.text is not None, connection
        return self.text


def test_composed_statements() -> None:
    """One that can't be read may do anything, but not be refused."""
    assert read_statement(Composed("commit")).refused == "COMMIT"
    assert read_statement(Composed(None)) == Statement(changes_schema=True)
    assert read_statement(object()) == Statement(changes_schema=True)


@pytest.mark.parametrize(
    "sql",
    [
        "create table t (id int)",
        "CREATE OR REPLACE DEFINER=`root`@`localhost` VIEW v AS SELECT 1",
        "create unique index i on t (a)",
        "Alter  Table t add b int",
        "drop index i on t",
        "-- why\nrename table a to b",
        "truncate t",
        "TRUNCATE TABLE t",
        "grant select on t to u",
        "lock tables t write",
        "UNLOCK TABLES",
        "analyze local table t",
        "flush tables",
        "set password for u = 'x'",
        "set autocommit=1",
        "SET SESSION autocommit = 0",
        "set @@autocommit = 1",
        "/*!40000 alter table t disable keys */",
        "/*M! create table t (id int) */",
        "select 1; drop table t",
    ],
)
def test_what_mariadb_commits_for(sql: str) -> None:
    """The server's own list; a comment with an exclamation mark is code."""
    assert statements.read_statement(sql, MARIADB).commits


@pytest.mark.parametrize(
    "sql",
    [
        "create temporary table t (id int)",
        "CREATE OR REPLACE TEMPORARY TABLE t (id int)",
        "drop temporary table t",
        "insert into t values ('; drop table t')",
        'select "create table" as `drop table`',
        "update t set a = 1 -- truncate t",
        "delete from t /* alter table */ where a = 1 # lock tables",
        "call work()",
        "set @a = 1",
    ],
)
def test_what_mariadb_does_not_commit_for(sql: str) -> None:
    """Temporary tables aren't part of the schema, and what is quoted is no code."""
    read = statements.read_statement(sql, MARIADB)
    assert (read.commits, read.refused) == (False, "")


@pytest.mark.parametrize(
    ("sql", "control", "name"),
    [
        ("BEGIN", "begin", ""),
        ("begin immediate transaction;", "begin", ""),
        ("savepoint [a b]", "savepoint", "a b"),
        ("ROLLBACK TRANSACTION TO `a`", "rollback_to", "a"),
        ("release a", "release", "a"),
    ],
)
def test_the_commands_of_sqlite(sql: str, control: str, name: str) -> None:
    """Names may be quoted in four ways."""
    read = statements.read_statement(sql, SQLITE)
    assert (control, name) == (read.control, read.name)


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("pragma table_info(item)", True),
        ("select replace(a, 'x', 'insert') from t", True),
        ("with a as (select 1) select * from a", True),
        ("with a as (select 1) insert into t select * from a", False),
        ("replace into t values (1)", False),
        ("pragma user_version = 3", False),
    ],
)
def test_what_reads_in_sqlite(sql: str, reads: bool) -> None:
    """Functions change no rows there."""
    assert reads == statements.read_statement(sql, SQLITE).reads
