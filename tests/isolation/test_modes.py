"""A test that a transaction would hinder gets a database that it may really write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.isolation.test_leaks import APP, CONFTEST, leaky

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project

__all__ = ["APP", "CONFTEST", "leaky"]

CLONES = """
import os, threading, pytest
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["APP_URL"])
pytestmark = pytest.mark.schema

@pytest.fixture(scope="session")
def identities():
    return []

@pytest.fixture
def identity(raw):
    return raw.execute("select oid from pg_database where datname = current_database()").fetchone()

@pytest.mark.schema(isolation="clone")
class TestClone:
    def test_the_application_commits(self, seeded, identity, identities):
        seeded()
        identities.append(identity)
        with engine.begin() as connection:
            connection.execute(text("insert into item values (3, 'x')"))
        with engine.connect() as connection:
            assert connection.scalar(text("select count(*) from item")) == 3

    def test_so_does_the_session(self, seeded, integration_session, raw, identity, identities):
        seeded()
        assert identity not in identities
        identities.append(identity)
        integration_session.execute(text("insert into item values (4, 'x')"))
        integration_session.commit()
        assert raw.execute("select count(*) from item").fetchone() == (3,)

    def test_what_only_a_real_database_has(self, seeded, raw, identity, identities):
        seeded()
        assert identity not in identities
        identities.append(identity)
        raw.execute("vacuum")
        raw.execute("create index concurrently on item (note)")
        raw.execute("listen news")
        with engine.begin() as connection:
            connection.execute(text("notify news, 'hello'"))
        assert [notice.payload for notice in raw.notifies(timeout=5, stop_after=1)] == ["hello"]

    def test_that_only_reads(self, seeded, identity, identities):
        seeded()
        assert identity not in identities
        identities.append(identity)

    def test_an_unchanged_database_serves_again(self, seeded, identity, identities):
        seeded()
        assert identity == identities[-1]

@pytest.mark.schema(isolation="clone")
@pytest.mark.parametrize("n", [1, 2])
def test_sessions_begin_afresh(n):
    with engine.connect() as connection:
        assert connection.scalar(text("show work_mem")) == "4MB"
        assert connection.scalar(text("select count(*) from pg_listening_channels()")) == 0
        assert connection.scalar(text("select count(*) from pg_locks where locktype = 'advisory'")) == 0
        connection.execute(text("create temp table mine (id int)"))
        connection.execute(text("select pg_advisory_lock(5)"))
        connection.execute(text("listen news"))
        connection.execute(text("set work_mem = '5MB'"))
        connection.commit()

def test_back_in_a_transaction(seeded, integration_session):
    seeded()
    integration_session.execute(text("delete from item"))
    integration_session.commit()

@pytest.mark.schema(isolation="none")
def test_nothing_around_it(raw, seeded, integration_session, request):
    seeded()
    assert "paceline_audit" not in request.fixturenames
    integration_session.execute(text("insert into other values (1)"))
    integration_session.commit()

@pytest.mark.schema(isolation="none")
def test_what_it_wrote_stays(raw):
    assert raw.execute("delete from other").rowcount == 1

def test_last(seeded):
    seeded()
"""


def test_each_test_chooses_how_it_is_isolated(leaky: Project) -> None:
    """A clone has its own identity and the same URL; it is used again unless something was committed."""
    leaky.write(pyproject='export = ["APP_URL"]\n', test_clones=CLONES)
    leaky.passes("--schema", "-p", "no:randomly", passed=11)


def test_clones_on_a_server_of_others(leaky: Project, lent: Lent) -> None:
    """Without a template they are prepared anew, and nothing is left."""
    leaky.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    leaky.write(pyproject='export = ["APP_URL"]\n', test_clones=CLONES)
    leaky.passes("--schema", "-p", "no:randomly", passed=11)
    assert lent.databases() == {"shop_test"}


def test_a_suite_of_clones_on_workers(leaky: Project) -> None:
    """The suite's own mode counts for tests that say nothing."""
    leaky.write(
        pyproject='[tool.paceline.suite.schema]\nisolation = "clone"\n',
        test_many="""
        import pytest

        @pytest.mark.schema
        @pytest.mark.parametrize("n", range(6))
        def test_it(n, raw, seeded):
            seeded()
            raw.execute("delete from item")
            raw.execute("drop table other")

        @pytest.mark.schema(isolation="transaction")
        def test_leak(raw, seeded):
            seeded()
            raw.execute("delete from item")
        """,
    )
    result = leaky.passes("--schema", "-p", "xdist", "-n2", passed=7, error=1)
    assert '@pytest.mark.schema(isolation="clone")' in result.output


def test_tests_that_commit_faster_than_the_server_copies(leaky: Project) -> None:
    """The pool gets deeper up to a limit, and what was replaced is dropped before the session ends."""
    leaky.write(
        test_fast="""
        import pytest

        @pytest.mark.schema(isolation="clone")
        @pytest.mark.parametrize("n", range(30))
        def test_it(n, raw, seeded):
            seeded()
            raw.execute("delete from item")

        @pytest.mark.schema(isolation="none")
        def test_databases(raw):
            names = raw.execute("select datname from pg_database where datname ~ '_[0-9]+$'").fetchall()
            # Eight that were replaced, one that is being dropped, and copies, which show when they are made.
            assert 8 <= len(names) <= 13
        """
    )
    leaky.passes("--schema", "-p", "no:randomly", passed=31)


def test_an_unknown_mode_is_refused(leaky: Project) -> None:
    """Before any test runs, with the test and the modes that there are."""
    leaky.write(
        test_typo="""
        import pytest

        @pytest.mark.schema(isolation="clones")
        def test_it():
            pass
        """
    )
    result = leaky.run("--schema")
    assert result.code == 4, result.output
    assert "test_typo.py::test_it: @pytest.mark.schema(isolation='clones')" in result.output
    assert "use one of 'transaction', 'clone', 'none'" in result.output


def test_a_test_in_a_clone_connects_as_often_as_it_asks(leaky: Project) -> None:
    """A session opens one connection, and the fixture behind it another one only when it's used itself."""
    leaky.write(
        test_once="""
        import pytest
        from sqlalchemy import text

        ONE = text("select 1")

        @pytest.mark.schema(isolation="clone")
        class TestClone:
            def test_a_session(self, integration_session, integration_engine):
                integration_session.scalar(ONE)
                assert integration_engine.pool.checkedout() == 1

            def test_both(self, integration_session, schema_isolation, integration_engine):
                integration_session.scalar(ONE)
                assert schema_isolation.engine is integration_engine
                assert not schema_isolation.in_transaction()
                assert schema_isolation.scalar(ONE) == 1
                assert integration_engine.pool.checkedout() == 2

            def test_all_is_given_back(self, integration_engine):
                assert integration_engine.pool.checkedout() == 0
        """
    )
    leaky.passes("--schema", "-p", "no:randomly", passed=3)
