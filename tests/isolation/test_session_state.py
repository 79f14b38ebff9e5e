"""What a test leaves in its sessions, beyond any transaction, is gone when the next one begins."""

from __future__ import annotations

import pytest
from tests.harness.database import Project
from tests.isolation.test_leaks import APP, CONFTEST, leaky

__all__ = ["APP", "CONFTEST", "leaky"]

STATE = """
import os, pytest
from sqlalchemy import create_engine, event, make_url, text

URL = make_url(os.environ["APP_URL"]).set(drivername="postgresql+DRIVER")
engine = create_engine(URL)

@event.listens_for(engine, "connect")
def set_up(connection, record):
    cursor = connection.cursor()
    cursor.execute("set lock_timeout = '9s'")
    cursor.close()
    connection.commit()

STATEMENTS = [
    "select pg_advisory_lock(5)",
    "set work_mem = '5MB'",
    "set lock_timeout = '1s'",
    "listen news",
    "create temp table mine (id int)",
    "prepare named as select 1",
    "declare held cursor with hold for select 1",
    "set session characteristics as transaction read only",
    "set role pg_monitor",
]

@pytest.mark.schema(isolation="MODE")
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("autocommit", [False, True])
def test_sessions_begin_afresh(n, autocommit, pids=[]):
    level = "AUTOCOMMIT" if autocommit else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection:
        def scalar(query):
            return connection.scalar(text(query))
        assert scalar("show work_mem") == "4MB"
        assert scalar("show lock_timeout") == "9s"
        assert scalar("select count(*) from pg_listening_channels()") == 0
        assert scalar("select count(*) from pg_locks where locktype = 'advisory'") == 0
        assert scalar("select to_regclass('mine')") is None
        assert scalar("select count(*) from pg_prepared_statements where from_sql") == 0
        assert scalar("select count(*) from pg_cursors where is_holdable") == 0
        assert scalar("show transaction_read_only") == "off"
        assert scalar("select current_user = session_user")
        pids.append(scalar("select pg_backend_pid()"))
        for statement in STATEMENTS:
            connection.execute(text(statement))
        connection.commit()
    assert len(set(pids)) == 1
"""


@pytest.mark.parametrize("mode", ["transaction", "clone", "none"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_state_of_sessions(leaky: Project, mode: str, driver: str) -> None:
    """Locks, settings, listeners, temporary tables, cursors, roles; the connection itself is used again."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_state=STATE.replace("MODE", mode).replace("DRIVER", driver),
    )
    leaky.passes("--schema", passed=4)


def test_half_of_a_two_phase_commit(leaky: Project) -> None:
    """A clone can do both halves; what was left prepared is rolled back, and holds no lock afterwards."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_phases="""
        import os, pytest
        from sqlalchemy import create_engine, text

        engine = create_engine(os.environ["APP_URL"])

        @pytest.mark.schema(isolation="clone")
        @pytest.mark.parametrize("commit", [True, False, True])
        def test_phases(commit, seeded):
            seeded()
            with engine.connect() as connection:
                transaction = connection.begin_twophase()
                connection.execute(text("set local lock_timeout = '2s'"))
                connection.execute(text("delete from item"))
                transaction.prepare()
                if commit:
                    transaction.commit()
                else:
                    connection.detach()

        @pytest.mark.schema
        def test_afterwards(seeded, raw):
            seeded()
            assert raw.execute("select count(*) from pg_prepared_xacts").fetchone() == (0,)
        """,
    )
    leaky.passes("--schema", "-p", "no:randomly", passed=4)


def test_half_of_a_two_phase_commit_by_a_driver(leaky: Project) -> None:
    """It's rolled back after a test in a transaction as well, also when no later transaction has finished."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_phases="""
        import os, psycopg, pytest

        @pytest.mark.schema
        def test_prepares():
            connection = psycopg.connect(os.environ["APP_URL"].replace("+psycopg", ""))
            connection.tpc_begin(connection.xid(1, "half", "done"))
            connection.execute("delete from item")
            connection.tpc_prepare()
            connection.close()

        @pytest.mark.schema
        def test_afterwards(seeded, raw):
            assert raw.execute("select count(*) from pg_prepared_xacts").fetchone() == (0,)
            raw.execute("set lock_timeout = '2s'")
            raw.execute("begin")
            raw.execute("lock table item")
            raw.execute("rollback")
        """,
    )
    leaky.passes("--schema", "-p", "no:randomly", passed=2)


def test_a_connection_that_is_stuck_holds_no_lock_in_the_next_test(leaky: Project) -> None:
    """A COPY that psycopg can't end is an error of its test; the next one goes on at a new connection."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_stuck="""
        import os, psycopg, pytest
        from sqlalchemy import create_engine, text

        engine = create_engine(os.environ["APP_URL"])
        other = create_engine(engine.url.set(drivername="postgresql+psycopg2"))

        @pytest.mark.schema
        def test_stuck():
            raw = engine.raw_connection()
            raw.cursor().execute("insert into item values (3, 'x')")
            with pytest.raises(psycopg.ProgrammingError, match="COPY"):
                raw.cursor().execute("copy item to stdout")
            raw.close()

        @pytest.mark.schema
        def test_next():
            with other.begin() as connection:
                connection.execute(text("set local lock_timeout = '2s'"))
                connection.execute(text("insert into item values (3, 'x')"))

        @pytest.mark.schema
        def test_last(seeded, integration_session):
            seeded()
            assert integration_session.scalar(text("select count(*) from item")) == 2
        """,
    )
    result = leaky.run("--schema", "-p", "no:randomly")
    assert result.outcomes == {"passed": 3, "error": 1}, result.output
    assert "ERROR at teardown of test_stuck" in result.output


def test_nobody_waits_for_ever_for_a_lock(leaky: Project) -> None:
    """A client of its own that needs what the test has locked is given up by the server."""
    leaky.write(
        test_lock="""
        import psycopg, pytest
        from sqlalchemy import text

        @pytest.mark.schema
        def test_lock(raw, integration_session):
            assert raw.execute("show lock_timeout").fetchone() == ("30s",)
            raw.execute("set lock_timeout = '100ms'")
            integration_session.execute(text("insert into item values (3, 'x')"))
            integration_session.commit()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                raw.execute("insert into item values (3, 'x')")
        """,
    )
    leaky.passes("--schema", passed=1)
