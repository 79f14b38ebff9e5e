"""What a test leaves in its sessions, beyond any transaction, is gone when the next one begins."""

from __future__ import annotations

from tests.harness.database import Project
from tests.isolation.test_leaks import APP, CONFTEST, leaky

__all__ = ["APP", "CONFTEST", "leaky"]

STATE = """
import asyncio, collections, os, pytest
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

URL = make_url(os.environ["APP_URL"])
ENGINES = {name: create_engine(URL.set(drivername=f"postgresql+{name}")) for name in ("psycopg", "psycopg2")}
AWAITING = {
    name: create_async_engine(URL.set(drivername=f"postgresql+{name}")).sync_engine
    for name in ("asyncpg", "psycopg_async")
}
PIDS = collections.defaultdict(set)

def set_up(connection, record):
    cursor = connection.cursor()
    cursor.execute("set lock_timeout = '9s'")
    cursor.close()
    connection.commit()

for engine in (ENGINES | AWAITING).values():
    event.listen(engine, "connect", set_up)

STATEMENTS = [
    "select pg_advisory_lock(5)",
    "do $$ begin perform pg_advisory_lock(6); end $$",
    "set work_mem = '5MB'",
    "select set_config('app.tenant', 'x', false)",
    "set lock_timeout = '1s'",
    "listen news",
    "create temp table mine (id int)",
    "prepare named as select 1",
    "do $$ begin execute 'prepare hidden as select 1'; end $$",
    "declare held cursor with hold for select 1",
    "set session characteristics as transaction read only",
    "set role pg_monitor",
]

def use(engine, autocommit, pids):
    level = "AUTOCOMMIT" if autocommit else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection:
        def scalar(query):
            return connection.scalar(text(query))
        assert scalar("show work_mem") == "4MB"
        assert not scalar("select current_setting('app.tenant', true)")
        assert scalar("show lock_timeout") == "9s"
        assert scalar("select count(*) from pg_listening_channels()") == 0
        # Anybody's.
        assert scalar("select count(*) from pg_locks where locktype = 'advisory' and objid in (5, 6)") == 0
        assert scalar("select to_regclass('mine')::text") is None
        assert scalar("select count(*) from pg_prepared_statements where from_sql") == 0
        assert scalar("select count(*) from pg_cursors where is_holdable") == 0
        assert scalar("show transaction_read_only") == "off"
        assert scalar("select current_user = session_user")
        pids.add(scalar("select pg_backend_pid()"))
        for statement in STATEMENTS:
            connection.execute(text(statement))
        connection.commit()

MODES = [
    pytest.param(mode, marks=pytest.mark.schema(isolation=mode)) for mode in ("transaction", "clone", "none")
]

@pytest.mark.parametrize("driver", [*ENGINES, *AWAITING])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("autocommit", [False, True])
def test_sessions_begin_afresh(driver, mode, n, autocommit):
    pids = PIDS[driver, mode]
    if driver in ENGINES:
        use(ENGINES[driver], autocommit, pids)
    else:
        asyncio.run(greenlet_spawn(use, AWAITING[driver], autocommit, pids))
    # Connections that belong to a loop are given up with it.
    assert len(pids) == 1 or driver in AWAITING
"""


def test_state_of_sessions(leaky: Project) -> None:
    """Locks, settings, listeners, temporary tables, cursors, roles; a blocking connection is used again."""
    leaky.write(pyproject='export = ["APP_URL"]\n', test_state=STATE)
    leaky.passes("--schema", "-p", "no:randomly", passed=48)


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
    """A COPY that psycopg can't end is an error of its test; the next one goes on at a new connection.

    So is a statement in whose middle something raised, such as a time limit: the server is told to stop.
    """
    leaky.write(
        pyproject='export = ["APP_URL"]\n',
        test_stuck="""
        import os, psycopg, pytest, signal
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
        def test_interrupted():
            def stop(*_):
                raise TimeoutError

            signal.signal(signal.SIGALRM, stop)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(TimeoutError), engine.begin() as connection:
                connection.execute(text("insert into item values (3, 'x')"))
                connection.execute(text("select pg_sleep(60)"))

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
    assert result.outcomes == {"passed": 4, "error": 2}, result.output
    assert "ERROR at teardown of test_stuck" in result.output
    assert "ERROR at teardown of test_interrupted" in result.output


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
