"""What the tests of the repository itself share: where it is, and its workflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def workflow_path(root: Path) -> Path:
    """Return the file of the workflow."""
    return root / ".github" / "workflows" / "ci.yml"


@pytest.fixture(scope="session")
def jobs(workflow_path: Path) -> dict[str, Any]:
    """Return the workflow's jobs by name."""
    document: dict[str, Any] = yaml.safe_load(workflow_path.read_text())
    jobs: dict[str, Any] = document["jobs"]
    return jobs


@pytest.fixture(scope="session")
def git_variables() -> dict[str, str]:
    """Return an environment in which git reads a checkout that belongs to somebody else, as in containers."""
    trust = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return os.environ | trust
