"""A leak is told with the line that opened the connection, or with the fact that it was no line of ours."""

from __future__ import annotations

import re

import pytest
from tests.harness.database import Project
from tests.isolation.test_leaks import APP, CONFTEST, leaky

__all__ = ["APP", "CONFTEST", "leaky"]

SERVICE = """
import asyncio, os, subprocess, sys

import asyncpg, psycopg, psycopg2
from psycopg import connect

URL = os.environ["APP_URL"].replace("+psycopg", "")
INSERT = "insert into other values (1)"

def by_psycopg():
    with connect(URL, autocommit=True) as connection:  # psycopg
        connection.execute(INSERT)

def by_psycopg_async():
    async def work():
        connection = await psycopg.AsyncConnection.connect(URL, autocommit=True)  # psycopg_async
        await connection.execute(INSERT)
        await connection.close()
    asyncio.run(work())

def by_psycopg2():
    connection = psycopg2.connect(URL)  # psycopg2
    connection.autocommit = True
    connection.cursor().execute(INSERT)
    connection.close()

def by_asyncpg():
    async def work():
        connection = await asyncpg.connect(URL)  # asyncpg
        await connection.execute(INSERT)
        await connection.close()
    asyncio.run(work())

def by_process():
    code = "import os, psycopg2; c = psycopg2.connect(os.environ['APP_URL'].replace('+psycopg', '')); "
    code += f"c.autocommit = True; c.cursor().execute({INSERT!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
"""


@pytest.fixture
def service(leaky: Project) -> Project:
    """A project whose application calls drivers by itself."""
    leaky.write(
        pyproject='export = ["APP_URL"]\n[tool.paceline.suite.db]\nrequires = ["postgresql"]\n'
        'isolation = "transaction"\n',
        service=SERVICE,
    )
    return leaky


@pytest.mark.parametrize("driver", ["psycopg", "psycopg_async", "psycopg2", "asyncpg"])
def test_the_line_that_connected(service: Project, driver: str) -> None:
    """Each driver's, also by a name that was imported before; errors name the marker that the test has."""
    service.write(
        test_origins=f"""
        import pytest, service
        from paceline.errors import SharedTransactionError
        from sqlalchemy import text

        @pytest.mark.db
        def test_it(integration_session):
            with pytest.raises(SharedTransactionError, match='mark.db.isolation="clone".'):
                integration_session.execute(text("commit"))
            service.by_{driver}()
        """
    )
    result = service.run("--db", "--tb=short")
    assert result.outcomes == {"passed": 1, "error": 1}, result.output
    (line,) = (number for number, text in enumerate(SERVICE.splitlines(), 1) if text.endswith(f"# {driver}"))
    assert f"in the test connections were opened at {service.root}/service.py:{line} (" in result.output
    assert '@pytest.mark.db(isolation="clone")' in result.output


def test_another_process(service: Project) -> None:
    """It's said when nobody here can have done it; an earlier connection may have."""
    service.write(
        test_origins="""
        import pytest, psycopg, service

        @pytest.fixture(scope="session")
        def early():
            with psycopg.connect(service.URL, autocommit=True) as connection:
                yield connection

        @pytest.mark.db
        def test_first():
            pass

        @pytest.mark.db
        def test_process(integration_session):
            service.by_process()

        @pytest.mark.db
        def test_opens(early):
            pass

        @pytest.mark.db
        def test_uses(early):
            early.execute(service.INSERT)
        """
    )
    result = service.run("--db", "--tb=short", "-p", "no:randomly")
    assert result.outcomes == {"passed": 4, "error": 2}, result.output
    first, second = re.findall(r"for good: INSERT 1 row into other; (.*)", result.output)[:2]
    assert first.startswith("no connection of this process by asyncpg, psycopg, psycopg2 can have done it")
    assert f"earlier connections were opened at {service.root}/test_origins.py:6 (psycopg)" in second
