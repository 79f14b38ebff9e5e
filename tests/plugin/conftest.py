"""Every test here runs pytest in a project of its own, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.recorded import RecordedProject


@pytest.fixture
def project(tmp_path: Path) -> RecordedProject:
    """An empty project that uses Paceline."""
    return RecordedProject(tmp_path)
