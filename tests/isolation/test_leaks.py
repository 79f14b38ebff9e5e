"""A test that escapes its isolation is named with what it did, and the next one doesn't notice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project, Result

APP = """
from sqlalchemy import create_engine, text

def prepare(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table item (id int primary key, note text)"))
        connection.execute(text("create table other (id int)"))
        connection.execute(text("create sequence numbers"))
        connection.execute(text("create unlogged table scratch as select 1 as id"))
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
        assert raw.execute(tables).fetchall() == [(5,)]
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
            "insert into scratch values (2)",
            "delete from scratch",
            "comment on table item is 'x'",
            "create index on item (note)",
            "create sequence more",
        ], ids=lambda statement: " ".join(statement.split()[:3]))
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
    assert result.outcomes == {"passed": 18, "error": 17}, result.output
    assert leaks_in(result) == {
        "insert into item": "INSERT 2 rows into item",
        "update item set": "UPDATE 2 rows of item",
        "delete from item": "DELETE 1 row from item",
        "truncate item": "TRUNCATE item",
        "drop table other": "DROP other",
        "create table extra": "CREATE extra",
        "alter table other": "ALTER other",
        "create function three()": "CREATE function three()",
        "create type mood": "CREATE type mood",
        "create schema beside": "CREATE schema beside",
        "create view seen": "CREATE seen",
        "insert into scratch": "INSERT or UPDATE 1 row of scratch",
        "delete from scratch": "DELETE 1 row from scratch",
        "comment on table": "change the schema (pg_description)",
        "create index on": "ALTER item",
        "create sequence more": "CREATE more",
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


def test_on_a_server_of_others_a_commit_is_only_a_hint(leaky: Project, lent: Lent) -> None:
    """What strangers commit accuses nobody; what the test does to its own database does."""
    leaky.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    leaky.environ["STRANGER"] = lent.place_url("shop_test").text("postgresql")
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


def test_every_way_out_is_seen(leaky: Project) -> None:
    """The application's own engine, another process, a thread, a test that ends all connections."""
    leaky.write(
        service="""
        import os
        from sqlalchemy import create_engine, text
        engine = create_engine(os.environ["APP_URL"], connect_args={"application_name": "service"})

        def add(number):
            with engine.begin() as connection:
                connection.execute(text(f"insert into item values ({number}, 'secret')"))
        """,
        pyproject='export = ["APP_URL"]\n',
        test_ways="""
        import subprocess, sys, threading, pytest, service

        pytestmark = pytest.mark.schema

        @pytest.fixture(autouse=True)
        def clean(seeded):
            seeded()

        def test_process():
            subprocess.run([sys.executable, "-c", "import service; service.add(3)"], check=True)

        def test_thread(raw):
            thread = threading.Thread(target=raw.execute, args=["insert into item values (3, 'x')"])
            thread.start()
            thread.join()

        def test_all_connections(raw):
            raw.execute("delete from item")
            raw.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                        " where backend_type = 'client backend' and pid <> pg_backend_pid()")

        def test_that_fails_anyway(raw):
            raw.execute("insert into item values (3, 'x')")
            assert 1 + 1 == 3

        @pytest.mark.parametrize("n", [1, 2])
        def test_last(n):
            pass
        """,
    )
    result = leaky.run("--schema", "--tb=line", "-rEf")
    assert result.outcomes == {"passed": 5, "failed": 1, "error": 4}, result.output
    row = "INSERT 1 row into item"
    assert leaks_in(result) == {
        "test_process": row,
        "test_thread": row,
        "test_all_connections": "DELETE 2 rows from item",
        "test_that_fails_anyway": row,
    }
    assert "assert (1 + 1) == 3" in result.output


def test_what_is_committed_between_two_tests_is_blamed_on_neither(leaky: Project) -> None:
    """A hook of the project that cleans up when a test is over; a leak after it is still seen."""
    with (leaky.root / "conftest.py").open("a") as conftest:
        conftest.write(
            """
@pytest.fixture(scope="session", autouse=True)
def url(paceline_database, pytestconfig):
    pytestconfig.cleaned = paceline_database.url.replace("+psycopg", "")

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    try:
        return (yield)
    finally:
        if nextitem is not None:
            with psycopg.connect(item.config.cleaned) as connection:
                connection.execute("insert into other values (1)")
                connection.execute("delete from other")
"""
        )
    leaky.write(
        test_between="""
        import pytest
        from sqlalchemy import text

        pytestmark = pytest.mark.schema

        @pytest.mark.parametrize("n", range(3))
        def test_clean(integration_session, n):
            integration_session.execute(text("insert into other values (2)"))
            integration_session.commit()

        def test_leaks(raw, integration_session):
            integration_session.execute(text("insert into other values (3)"))
            raw.execute("update item set note = 'z'")

        def test_after(seeded, integration_session):
            seeded()
        """
    )

    result = leaky.run("--schema")

    assert result.outcomes == {"passed": 5, "error": 1}, result.output
    assert "ERROR at teardown of test_leaks" in result.output
    assert "UPDATE 2 rows of item; in the test" in result.output


def test_what_wider_fixtures_write_stays(leaky: Project) -> None:
    """It accuses nobody, whenever they are set up or torn down; after a leak they write again."""
    leaky.write(
        test_wide="""
        import psycopg, pytest

        pytestmark = pytest.mark.schema

        @pytest.fixture(scope="session")
        def url(paceline_database):
            return paceline_database.url.replace("+psycopg", "")

        @pytest.fixture(scope="module")
        def shared(url):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("insert into other values (7)")
            yield 7
            with psycopg.connect(url, autocommit=True) as connection:
                assert connection.execute("delete from other where id = 7").rowcount == 1

        @pytest.fixture(scope="module")
        def unrelated(counted=[]):
            counted.append(1)
            return len(counted)

        @pytest.fixture(scope="class", params=["a", "b"])
        def late(url):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("create table late (id int)")
            yield
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("drop table late")

        class TestLate:
            def test_a(self, raw, late): pass
            def test_b(self, raw, late): pass

        def test_in_the_middle(raw, request):
            request.getfixturevalue("shared")

        def test_before(raw, shared, unrelated):
            assert raw.execute("select id from other").fetchall() == [(7,)]

        def test_leak(raw, shared):
            raw.execute("update other set id = 8")

        def test_after(raw, shared, unrelated):
            assert raw.execute("select id from other").fetchall() == [(7,)]
            assert unrelated == 1
        """
    )
    result = leaky.run("--schema", "--tb=line", "-rE")
    assert result.outcomes == {"passed": 8, "error": 1}, result.output
    assert leaks_in(result) == {"test_leak": "UPDATE 1 row of other"}


def test_a_connection_that_stays_open_tells_what_it_ran(leaky: Project) -> None:
    """It leads to the code, and no value of a statement is shown."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_open="""
        import os, psycopg, pytest

        @pytest.mark.schema
        def test_open(paceline_database, request):
            url = os.environ["APP_URL"].replace("+psycopg", "")
            connection = psycopg.connect(url, autocommit=True, application_name="service")
            request.config.add_cleanup(connection.close)
            connection.execute("insert into item values (3, 'secret')")
        """,
    )
    result = leaky.run("--schema", "--tb=line", "-rE")
    assert result.outcomes == {"passed": 1, "error": 1}, result.output
    assert "last ran \"insert into item values (3, '...')\" (service)" in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize("mode", ["transaction", "clone"])
def test_a_transaction_that_an_earlier_test_began(leaky: Project, mode: str) -> None:
    """What it wrote before counts for the test in which it commits; harmless commits may come between."""
    leaky.write(
        test_late=f"""
        import psycopg, pytest

        kept = []

        @pytest.mark.schema
        def test_begins(paceline_database):
            kept.append(psycopg.connect(paceline_database.url.replace("+psycopg", "")))
            kept[0].execute("insert into item values (3, 'x')")

        @pytest.mark.schema
        def test_harmless(raw):
            raw.execute("notify someone, 'news'")

        @pytest.mark.schema(isolation="{mode}")
        def test_commits():
            kept[0].commit()

        @pytest.mark.schema
        def test_next(seeded):
            seeded()
        """
    )
    result = leaky.run("--schema", "-p", "no:randomly", "--tb=line", "-rE")
    leaks = {"test_commits": "INSERT 1 row into item"} if mode == "transaction" else {}
    assert leaks_in(result) == leaks, result.output
    assert result.outcomes == {"passed": 4} | ({"error": 1} if leaks else {})


def test_each_worker_audits_its_own_tests(leaky: Project) -> None:
    """With pytest-xdist a leak is reported once, by the test that made it."""
    leaky.write(
        test_many="""
        import pytest

        @pytest.mark.schema
        @pytest.mark.parametrize("n", range(8))
        def test_it(n, raw, seeded):
            seeded()
            if n in (2, 5):
                raw.execute("insert into item values (3, 'x')")
        """
    )
    result = leaky.run("--schema", "-p", "xdist", "-n2", "--tb=line", "-rE")
    assert result.outcomes == {"passed": 8, "error": 2}, result.output
    assert leaks_in(result) == {"2": "INSERT 1 row into item", "5": "INSERT 1 row into item"}


def leaks_in(result: Result) -> dict[str, str]:
    """Return what each test is accused of."""
    found = re.findall(
        r"ERROR at teardown of (?:test_\w+\[([^]]+)\]|(\w+)) _+\n"
        r"(?:\[gw.*\n)?.*?for good: (.*?)(?:;|\. Something)",
        result.output,
    )
    return {parameter or name: leaks for parameter, name, leaks in found}
