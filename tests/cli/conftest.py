"""A project to profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two fast suites: `fast` has two tests, `slow` one that sleeps."""
    made = Project(tmp_path)
    made.configure("[tool.paceline.suite.fast]\n[tool.paceline.suite.slow]\n")
    made.write(
        tests__test_fast="""
import pytest

@pytest.mark.fast
def test_one():
    assert 1 + 1 == 2

@pytest.mark.fast
def test_two():
    assert 2 + 2 == 4

def test_ungated():
    pass
""",
        tests__test_slow="""
import time
import pytest

@pytest.mark.slow
def test_sleeps():
    time.sleep(0.05)
""",
    )
    return made
