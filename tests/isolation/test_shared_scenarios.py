"""Whatever an application does with SQLAlchemy goes as on a database of its own, and leaves nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ
from tests.isolation import shared_project

if TYPE_CHECKING:
    from tests.harness.database import Lent

DRIVERS = ("psycopg", "psycopg2", "asyncpg", "psycopg_async")
NAMES = tuple(dict.fromkeys(re.findall(r"^def (test_\w+)", shared_project.SCENARIOS, re.MULTILINE)))


@pytest.fixture(scope="module")
def outcomes_of(
    lent_server: Lent, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, set[str]], str]]:
    """Outcomes of each scenario, and the output, of one run for each driver."""
    lent_server.ask("postgres", "CREATE DATABASE scenarios_test")
    runs: dict[str, tuple[dict[str, set[str]], str]] = {}
    for driver in DRIVERS:
        project = Project(tmp_path_factory.mktemp(driver), clean_environ(APP_DRIVER=driver))
        project.environ["PACELINE_DATABASE_URL"] = lent_server.url("scenarios_test")
        project.write(
            pyproject=shared_project.CONFIGURATION,
            app=shared_project.APPLICATION,
            conftest=shared_project.CONFTEST,
            test_scenarios=shared_project.SCENARIOS,
        )
        output = project.run("--schema", "-rA").output
        found: dict[str, set[str]] = {}
        for outcome, name in re.findall(r"^([A-Z]+) test_scenarios\.py::(\w+)", output, re.MULTILINE):
            found.setdefault(name, set()).add(outcome)
        runs[driver] = (found, output)
    lent_server.ask("postgres", "DROP DATABASE scenarios_test WITH (FORCE)")
    return runs


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", NAMES)
def test_scenario(outcomes_of: dict[str, tuple[dict[str, set[str]], str]], driver: str, name: str) -> None:
    """Each scenario does what its own assertions say, and the database is as before when it's over."""
    found, output = outcomes_of[driver]
    assert found.get(name) == {"PASSED"}, output
