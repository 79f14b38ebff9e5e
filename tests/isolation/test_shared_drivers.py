"""What drivers can do beyond DBAPI, on a connection of an engine that shares its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ
from tests.isolation import shared_project
from tests.isolation.test_shared_concurrency import LAST, PREAMBLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.database import Lent

RAW = """
@pytest.fixture
def raw():
    connection = engine.raw_connection()
    yield connection.dbapi_connection
    connection.close()

def count():
    return len(ids()) - 1
"""

PSYCOPG = """
def test_transaction_blocks(raw):
    import psycopg
    with raw.transaction():
        raw.execute("insert into item values (1, 'x')")
        with pytest.raises(ZeroDivisionError), raw.transaction():
            raw.execute("insert into item values (2, 'x')")
            1 / 0
        with raw.transaction() as inner:
            raw.execute("insert into item values (3, 'x')")
            raise psycopg.Rollback(inner)
        with raw.transaction("named"):
            raw.execute("insert into item values (4, 'x')")
    assert ids() == [0, 1, 4]
    with pytest.raises(psycopg.errors.UniqueViolation), raw.transaction():
        raw.execute("insert into item values (0, 'x')")
    raw.execute("insert into item values (5, 'x')")
    raw.rollback()
    assert ids() == [0, 1, 4]

def test_a_transaction_block_is_a_savepoint_after_a_first_statement(raw):
    raw.execute("insert into item values (1, 'x')")
    with raw.transaction():
        raw.execute("insert into item values (2, 'x')")
    raw.rollback()
    assert ids() == [0]

def test_a_pipeline_is_refused(raw):
    with pytest.raises(SharedTransactionError, match="pipeline.*clone"):
        with raw.pipeline():
            pass
    assert ids() == [0]

def test_copy_in_and_out(raw):
    cursor = raw.cursor()
    with cursor.copy("copy item from stdin") as copy:
        for number in range(1, 5):
            copy.write_row((number, "x"))
    raw.commit()
    with cursor.copy("copy item to stdout") as copy:
        assert len(list(copy.rows())) == 5
    raw.rollback()
    assert ids() == [0, 1, 2, 3, 4]

def test_a_stream(raw):
    raw.execute("insert into item values (1, 'x')")
    assert [row[0] for row in raw.cursor().stream("select id from item order by id")] == [0, 1]
    raw.rollback()
    assert [row[0] for row in raw.cursor().stream("select id from item")] == [0]

def test_a_copy_that_fails(raw):
    import psycopg
    cursor = raw.cursor()
    with pytest.raises(psycopg.errors.UniqueViolation):
        with cursor.copy("copy item from stdin") as copy:
            copy.write_row((0, "x"))
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        raw.execute("select 1")
    raw.rollback()
    raw.execute("insert into item values (1, 'x')")
    raw.commit()
    assert ids() == [0, 1]
"""

PSYCOPG2 = """
import io

def test_copy_in_and_out(raw):
    cursor = raw.cursor()
    cursor.copy_from(io.StringIO("1\\tx\\n2\\tx\\n"), "item")
    cursor.copy_expert("copy item from stdin", io.StringIO("3\\tx\\n"))
    raw.commit()
    out = io.StringIO()
    cursor.copy_to(out, "item")
    assert len(out.getvalue().splitlines()) == 4
    assert ids() == [0, 1, 2, 3]

def test_transaction_blocks(raw):
    with raw:
        raw.cursor().execute("insert into item values (1, 'x')")
    with pytest.raises(ZeroDivisionError), raw:
        raw.cursor().execute("insert into item values (2, 'x')")
        1 / 0
    assert ids() == [0, 1]

def test_lots_in_one_go(raw):
    from psycopg2.extras import execute_batch, execute_values
    cursor = raw.cursor()
    execute_values(cursor, "insert into item values %s", [(number, "x") for number in range(1, 4)])
    execute_batch(cursor, "insert into item values (%s, 'y')", [(4,), (5,)])
    raw.commit()
    assert ids() == [0, 1, 2, 3, 4, 5]
"""

ASYNC = """
def test_the_drivers_own_connection_is_refused():
    async def work():
        async with AsyncEngine(engine).connect() as connection:
            raw = await connection.get_raw_connection()
            await connection.execute(text("insert into item values (1, 'x')"))
            with pytest.raises(SharedTransactionError, match="asyncio connection.*clone"):
                await raw.driver_connection.execute("insert into item values (2, 'x')")
            await connection.commit()
    asyncio.run(work())
"""

BOTH = """
def test_two_phase_commit_is_refused():
    with engine.connect() as connection:
        with pytest.raises(SharedTransactionError, match="two-phase commit.*nothing was sent.*clone"):
            with connection.begin_twophase() as transaction:
                connection.execute(text("insert into item values (1, 'x')"))
                transaction.prepare()
        connection.invalidate()
"""


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "psycopg_async"])
def test_drivers(tmp_path: Path, lent: Lent, driver: str) -> None:
    """Transaction blocks, COPY and batches work; pipelines and two-phase commit are refused with a remedy."""
    project = Project(tmp_path, clean_environ(APP_DRIVER=f"postgresql+{driver}"))
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    own = {"psycopg": PSYCOPG + BOTH, "psycopg2": PSYCOPG2 + BOTH}.get(driver, ASYNC)
    project.write(
        pyproject=shared_project.CONFIGURATION,
        app=shared_project.APPLICATION,
        conftest=shared_project.CONFTEST,
        test_drivers=PREAMBLE + RAW + own + LAST,
    )
    project.passes("--schema", passed={"psycopg": 8, "psycopg2": 5}.get(driver, 2))
