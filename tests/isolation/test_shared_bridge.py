"""Engines of different drivers see one another's rows in one transaction, where a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ
from tests.isolation import bridge_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.database import Lent


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
