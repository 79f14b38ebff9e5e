"""Every test here runs pytest in a project of its own and reads what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Lent, embedded, new_place, runner
from tests.harness.recorded import RecordedProject

from paceline.isolation.databases.postgresql.program import PostgresqlProgram
from paceline.isolation.server import PrivateServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> RecordedProject:
    """An empty project that uses Paceline."""
    return RecordedProject(tmp_path)


@pytest.fixture(scope="session")
def lent_server() -> Iterator[Lent]:
    """One PostgreSQL for all tests that need one."""
    server = PrivateServer(PostgresqlProgram(embedded()), new_place(), runner())
    server.start()
    yield Lent(server.place)
    server.stop()
