"""Engines of different drivers see one another's rows in one transaction, where a test asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.database import Lent, Project, clean_environ, embedded, new_place, runner
from tests.isolation import bridge_project

from paceline.isolation.databases.postgresql.program import PostgresqlProgram
from paceline.isolation.server import PrivateServer


@pytest.fixture
def bridged(tmp_path: Path, lent: Lent) -> Project:
    """A project with an asyncio application, on a server that runs already."""
    made = Project(tmp_path, clean_environ(APP_DRIVER="asyncpg", TEST_DRIVER="psycopg"))
    made.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    made.write(
        pyproject=bridge_project.CONFIGURATION,
        app=bridge_project.APPLICATION,
        conftest=bridge_project.CONFTEST,
    )
    return made


@pytest.mark.parametrize("of_test", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("of_application", ["asyncpg", "psycopg_async"])
def test_scenarios(bridged: Project, of_application: str, of_test: str) -> None:
    """Requests, errors, rollbacks, types, streams, tasks: as with one driver, and nothing stays."""
    bridged.environ.update(APP_DRIVER=of_application, TEST_DRIVER=of_test)
    bridged.write(test_bridge=bridge_project.SCENARIOS)
    bridged.passes("--schema", "-p", "pytest_asyncio.plugin", passed=21)


def test_engines_of_every_kind(bridged: Project, lent: Lent) -> None:
    """All four drivers at once; logins, listeners and roles do what they do with one driver."""
    configuration = bridged.root / "pyproject.toml"
    configuration.write_text(bridge_project.CONFIGURATION.replace("export", "bridge = true\nexport"))
    bridged.write(test_engines=bridge_project.ENGINES)
    lent.ask("postgres", "CREATE ROLE reader_of_tests LOGIN")
    try:
        bridged.passes("--schema", passed=13)
    finally:
        lent.ask("postgres", "DROP ROLE reader_of_tests")


def test_a_server_that_asks_for_a_password(bridged: Project) -> None:
    """The first driver's login is the server's business; nobody without it gets in."""
    server = PrivateServer(PostgresqlProgram(embedded()), new_place(), runner())
    server.start()
    try:
        lent = Lent(server.place)
        lent.ask("postgres", "CREATE DATABASE shop_test")
        lent.ask("postgres", "ALTER ROLE postgres PASSWORD 's3cr3t!'")
        ((file,),) = lent.ask("postgres", "SHOW hba_file")
        Path(str(file)).write_text("local all all scram-sha-256\n")
        lent.ask("postgres", "SELECT pg_reload_conf()")
        bridged.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
        bridged.write(
            test_bridge=bridge_project.SCENARIOS,
        )
        bridged.passes(
            "--schema", "-p", "pytest_asyncio.plugin", "-k", "see_each_other or last", passed=3, deselected=18
        )
    finally:
        server.stop()


def test_an_unknown_answer_is_refused(bridged: Project) -> None:
    """Before any test runs, with the test and what may be said."""
    bridged.write(
        test_typo="""
        import pytest

        @pytest.mark.schema(bridge="yes")
        def test_it():
            pass
        """
    )
    result = bridged.run("--schema")
    assert result.code == 4, result.output
    assert "test_typo.py::test_it: @pytest.mark.schema(bridge='yes'): use one of True, False" in result.output
