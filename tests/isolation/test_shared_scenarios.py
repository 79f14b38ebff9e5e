"""Whatever an application does with SQLAlchemy goes as on a database of its own, and leaves nothing."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ, needs_mariadb
from tests.isolation import shared_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.database import Lent


@dataclass(frozen=True)
class Target:
    """A database and the driver that the application uses.

    Attributes:
        driver: as in a URL.
        requires: what the suite requires.
        environ: further environment variables.
    """

    driver: str
    requires: str
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def backend(self) -> str:
        """The part of the driver that the scenarios know the database by."""
        return self.driver.partition("+")[0]

    @property
    def awaits(self) -> bool:
        """Whether it's an asyncio driver."""
        return self.driver.endswith(("_async", "asyncpg", "aiosqlite"))


#: Where dev.py puts the SQLAlchemy that isn't the newest.
OLDER = Path(sys.prefix, "sqlalchemy-2.0")
ON_OLDER = {"PYTHONPATH": str(OLDER), "APP_SQLALCHEMY": "2.0."}
MEMORY = {"PACELINE_DATABASE_URL": "sqlite://"}
TARGETS = {
    "psycopg": Target("postgresql+psycopg", "postgresql"),
    "psycopg2": Target("postgresql+psycopg2", "postgresql"),
    "asyncpg": Target("postgresql+asyncpg", "postgresql"),
    "psycopg_async": Target("postgresql+psycopg_async", "postgresql"),
    "pysqlite file": Target("sqlite+pysqlite", "sqlite"),
    "pysqlite memory": Target("sqlite+pysqlite", "sqlite", MEMORY),
    "aiosqlite file": Target("sqlite+aiosqlite", "sqlite"),
    "aiosqlite memory": Target("sqlite+aiosqlite", "sqlite", MEMORY),
    "pymysql": Target("mysql+pymysql", "mariadb"),
    "mysqlclient": Target("mysql+mysqldb", "mariadb"),
}
#: Whatever dev.py has made has two SQLAlchemys; the legs of ci.yml's matrix have one each, and try that.
if OLDER.is_dir() or Path(sys.prefix, "paceline-dev-stamp").is_file():
    TARGETS |= {
        "psycopg, SQLAlchemy 2.0": Target("postgresql+psycopg", "postgresql", ON_OLDER),
        "asyncpg, SQLAlchemy 2.0": Target("postgresql+asyncpg", "postgresql", ON_OLDER),
    }
MARKS = {
    "pymysql": [needs_mariadb],
    # There is no wheel for Linux, and not every machine can build it.
    "mysqlclient": [
        needs_mariadb,
        pytest.mark.skipif(find_spec("MySQLdb") is None, reason="mysqlclient is not installed"),
    ],
}
#: Each scenario with the decorators above it.
SCENARIOS = {
    name: above
    for above, name in re.findall(
        r"((?:^[@ )\]].*\n)*)^def (test_\w+)", shared_project.SCENARIOS, re.MULTILINE
    )
}


def is_about(above: str, target: Target) -> bool:
    """Tell whether a scenario with these decorators is about `target`."""
    only = re.search(r"@only\((.*)\)", above)
    if "sys.version_info" in above and sys.version_info < (3, 12):
        return False
    return (not only or f'"{target.backend}"' in only[1]) and not (
        "skipif(IS_ASYNC" in above and target.awaits
    )


CASES = [
    pytest.param(name, scenario, marks=MARKS.get(name, ()))
    for name, target in TARGETS.items()
    for scenario, above in SCENARIOS.items()
    if is_about(above, target)
]


class Runs:
    """One run of all scenarios for each target, made when it is first asked for."""

    def __init__(self, server: Lent, folders: pytest.TempPathFactory) -> None:
        """Lend `server` to the targets that are a PostgreSQL."""
        self._server = server
        self._folders = folders
        self._runs: dict[str, tuple[dict[str, set[str]], str]] = {}

    def of(self, name: str) -> tuple[dict[str, set[str]], str]:
        """Return the outcomes of each scenario, and the output."""
        if name not in self._runs:
            self._runs[name] = self._run(TARGETS[name], re.sub(r"\W+", "-", name))
        return self._runs[name]

    def _run(self, target: Target, name: str) -> tuple[dict[str, set[str]], str]:
        project = Project(
            self._folders.mktemp(name), clean_environ(APP_DRIVER=target.driver, **target.environ)
        )
        if target.requires == "postgresql":
            project.environ["PACELINE_DATABASE_URL"] = self._server.url("scenarios_test")
        project.write(
            pyproject=f'[tool.paceline.suite.schema]\nrequires = ["{target.requires}"]\n'
            + shared_project.CONFIGURATION,
            app=shared_project.APPLICATION,
            conftest=shared_project.CONFTEST,
            test_scenarios=shared_project.SCENARIOS,
        )
        output = project.run("--schema", "-rA", timeout=180).output
        found: dict[str, set[str]] = {}
        for outcome, scenario in re.findall(r"^([A-Z]+) test_scenarios\.py::(\w+)", output, re.MULTILINE):
            found.setdefault(scenario, set()).add(outcome)
        return found, output


@pytest.fixture(scope="module")
def runs(lent_server: Lent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The runs, with a database on the lent server."""
    lent_server.ask("postgres", "CREATE DATABASE scenarios_test")
    yield Runs(lent_server, tmp_path_factory)
    lent_server.ask("postgres", "DROP DATABASE scenarios_test WITH (FORCE)")


@pytest.mark.parametrize(("target", "scenario"), CASES)
def test_scenario(runs: Runs, target: str, scenario: str) -> None:
    """Each scenario does what its own assertions say, and the database is as before when it's over."""
    found, output = runs.of(target)
    assert found.get(scenario) == {"PASSED"}, output
