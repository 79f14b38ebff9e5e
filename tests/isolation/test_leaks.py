"""A test that escapes its isolation is named with what it did, and the next one doesn't notice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.database import Lent, Project, Result

APP = """
from sqlalchemy import create_engine, text

def prepare(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table item (id int primary key, note text)"))
        connection.execute(text("create table other (id int)"))
        connection.execute(text("create sequence numbers"))
        connection.execute(text("insert into item values (1, 'seed'), (2, 'seed')"))
    engine.dispose()
"""

CONFTEST = """
import sys
sys.path.insert(0, ".")
import psycopg, pytest

@pytest.fixture
def raw(paceline_database):
    # A connection that no engine knows of.
    with psycopg.connect(paceline_database.url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection

@pytest.fixture
def seeded(raw):
    def check():
        assert raw.execute("select id, note from item order by id").fetchall() == [(1, "seed"), (2, "seed")]
        assert raw.execute("select count(*) from other").fetchall() == [(0,)]
        tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
        assert raw.execute(tables).fetchall() == [(4,)]
    return check
"""


@pytest.fixture
def leaky(project: Project) -> Project:
    """A project with a server of its own and two tables."""
    project.write(pyproject='[tool.paceline.database]\nprepare = "app:prepare"\n', app=APP, conftest=CONFTEST)
    return project


def test_a_leak_fails_the_test_and_the_next_is_clean(leaky: Project) -> None:
    """Each way to write for good is named with table, operation and number, at the test that did it."""
    leaky.write(
        test_leaks="""
        import pytest

        @pytest.mark.schema
        @pytest.mark.parametrize("statement", [
            "insert into item values (3, 'x'), (4, 'x')",
            "update item set note = 'y'",
            "delete from item where id = 1",
            "truncate item",
            "drop table other",
            "create table extra as select 1 as id",
            "alter table other add column more int default 3",
            "create function three() returns int language sql as 'select 3'",
            "create type mood as enum ('sad')",
            "create schema beside",
            "create view seen as select 1 as one",
        ], ids=lambda statement: " ".join(statement.split()[:2]))
        def test_statement(statement, seeded, raw):
            seeded()
            raw.execute(statement)

        @pytest.mark.schema
        def test_copy(raw, seeded):
            seeded()
            with raw.cursor().copy("copy other from stdin") as copy:
                for number in range(3):
                    copy.write_row((number,))

        @pytest.mark.schema
        def test_last(seeded):
            seeded()
        """
    )
    result = leaky.run("--schema", "--tb=line", "-rE")
    assert result.outcomes == {"passed": 13, "error": 12}, result.output
    assert leaks_in(result) == {
        "insert into": "INSERT 2 rows into item",
        "update item": "UPDATE 2 rows of item",
        "delete from": "DELETE 1 row from item",
        "truncate item": "TRUNCATE item",
        "drop table": "DROP other",
        "create table": "CREATE extra",
        "alter table": "ALTER other",
        "create function": "CREATE function three()",
        "create type": "CREATE type mood",
        "create schema": "CREATE schema beside",
        "create view": "CREATE seen",
        "test_copy": "INSERT 3 rows into other",
    }


def test_what_leaves_no_trace_is_not_accused(leaky: Project) -> None:
    """Reading, rolling back, locking, notifying, counting, gathering statistics, temporary tables."""
    leaky.write(
        test_harmless="""
        import psycopg, pytest
        from sqlalchemy import text

        @pytest.mark.schema
        @pytest.mark.parametrize("statements", [
            ["begin", "insert into item values (3, 'x')", "rollback"],
            ["begin", "savepoint a", "insert into item values (3, 'x')", "rollback to a", "commit"],
            ["begin", "select * from item", "commit"],
            ["select pg_advisory_lock(1)"],
            ["set work_mem = '5MB'"],
            ["notify someone, 'news'"],
            ["begin", "select * from item for update", "commit"],
            ["begin", "lock table item", "commit"],
            ["begin", "select nextval('numbers')", "rollback"],
            ["select nextval('numbers')"],
            ["analyze"],
            ["vacuum"],
            ["create temp table mine (id int primary key, note text)", "insert into mine values (1, 'x')"],
            ["create temp table mine (id int)", "drop table mine"],
            ["create table mine (id int primary key, note text)", "drop table mine"],
            ["select txid_current()"],
            ["create database elsewhere", "drop database elsewhere"],
        ], ids=lambda statements: statements[-1])
        def test_raw(statements, raw):
            for statement in statements:
                raw.execute(statement)

        @pytest.mark.schema
        def test_isolated(integration_session):
            integration_session.execute(text("insert into item values (3, 'x')"))
            integration_session.execute(text("create table extra (id int)"))
            integration_session.commit()

        @pytest.mark.schema
        def test_broken(integration_session, raw):
            integration_session.execute(text("insert into item values (3, 'x')"))
            with pytest.raises(psycopg.Error):
                raw.execute("insert into item values (1, 'x')")
        """
    )
    leaky.passes("--schema", passed=19)


def leaks_in(result: Result) -> dict[str, str]:
    """Return what each test is accused of."""
    found = re.findall(
        r"ERROR at teardown of (?:test_\w+\[([^]]+)\]|(\w+)) _+\n.*?for good: (.*?)\. ", result.output
    )
    return {parameter or name: leaks for parameter, name, leaks in found}


def test_on_a_server_of_others_a_commit_is_only_a_hint(leaky: Project, lent: Lent) -> None:
    """What strangers commit accuses nobody; what the test does to its own database does."""
    leaky.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    leaky.environ["STRANGER"] = lent.place.url("shop_test").libpq
    leaky.write(
        test_shared="""
        import os, psycopg, pytest

        @pytest.fixture
        def stranger():
            with psycopg.connect(os.environ["STRANGER"], autocommit=True) as connection:
                yield connection

        @pytest.mark.schema
        @pytest.mark.parametrize("n", [1, 2])
        def test_stranger(n, stranger, seeded):
            seeded()
            stranger.execute("insert into kept values (%s)", [n])

        @pytest.mark.schema
        @pytest.mark.parametrize("statement", [
            "insert into item values (3, 'x')",
            "delete from item where id = 1",
            "update item set note = 'y'",
            "truncate item",
            "drop table other",
            "create table extra as select 1 as id",
            "alter table other add column more int default 3",
            "create function three() returns int language sql as 'select 3'",
        ], ids=lambda statement: " ".join(statement.split()[:2]))
        def test_statement(statement, seeded, raw, stranger):
            seeded()
            stranger.execute("delete from kept")
            raw.execute(statement)

        @pytest.mark.schema
        @pytest.mark.parametrize("statement", [
            "create temp table mine (id int)", "analyze", "notify x", "select nextval('numbers')",
        ])
        def test_harmless(statement, raw, seeded):
            seeded()
            raw.execute(statement)
        """
    )
    result = leaky.run("--schema", "--tb=line", "-rE")
    assert result.outcomes == {"passed": 14, "error": 8}, result.output
    assert leaks_in(result) == {
        "insert into": "INSERT 1 row into item",
        "delete from": "DELETE 1 row from item",
        "update item": "UPDATE or INSERT and DELETE item",
        "truncate item": "TRUNCATE item",
        "drop table": "DROP other",
        "create table": "CREATE extra",
        "alter table": "ALTER other",
        "create function": "change the schema (functions)",
    }
    assert lent.databases() == {"shop_test"}
    assert "s3cr3t" not in result.output
