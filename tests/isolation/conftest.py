"""A project to test, and a PostgreSQL to lend it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import (
    Lent,
    Project,
    clean_environ,
    embedded,
    new_place,
    packages_path,
    python_for_all,
    runner,
)

from paceline.isolation.databases.postgresql.program import PostgresqlProgram
from paceline.isolation.server import PrivateServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with `[tool.paceline]` and nothing else."""
    made = Project(tmp_path, clean_environ())
    made.write(pyproject="[tool.paceline]\n")
    return made


@pytest.fixture
def open_project() -> Iterator[Project]:
    """A project that every user of the machine can read and write."""
    with tempfile.TemporaryDirectory(prefix="open-project-") as folder:
        Path(folder).chmod(0o777)
        environ = clean_environ(HOME=folder, PYTHONPATH=packages_path())
        made = Project(Path(folder), environ, python_for_all())
        made.write(pyproject="[tool.paceline]\n")
        yield made


@pytest.fixture(scope="session")
def lent_server() -> Iterator[Lent]:
    """One server for all tests that need somebody else's."""
    server = PrivateServer(PostgresqlProgram(embedded()), new_place(), runner())
    server.start()
    yield Lent(server.place)
    server.stop()


@pytest.fixture
def lent(lent_server: Lent) -> Iterator[Lent]:
    """The lent server with one database, `shop_test`, that holds a row."""
    lent_server.ask("postgres", "CREATE DATABASE shop_test")
    lent_server.ask("shop_test", "CREATE TABLE kept AS SELECT 1 AS id")
    yield lent_server
    for name in lent_server.databases():
        lent_server.ask("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
