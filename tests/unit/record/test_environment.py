"""What the machine and the CI say about themselves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from paceline.record import environment as module
from paceline.record.environment import ci_provider, environment, no_bytecode


@pytest.mark.parametrize(
    ("variables", "provider"),
    [
        ({}, None),
        ({"CI": ""}, None),
        ({"CI": "true"}, "unknown"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"JENKINS_URL": "https://ci"}, "jenkins"),
    ],
)
def test_the_ci_provider_is_known_by_its_variable(variables: dict[str, str], provider: str | None) -> None:
    """The general `CI` only counts where nothing else does."""
    assert ci_provider(variables) == provider


def test_this_machine_is_described(pytestconfig: pytest.Config) -> None:
    """Versions, processors, plugins."""
    found = environment(pytestconfig)
    assert found.python == ".".join(str(part) for part in sys.version_info[:3])
    assert found.pytest == pytest.__version__
    assert found.cpu_count == len(os.sched_getaffinity(0))
    assert list(found.plugins) == sorted(found.plugins)


@pytest.mark.parametrize(
    ("cpu", "memory", "limits"),
    [
        ("150000 100000\n", "1073741824\n", (1.5, 1073741824)),
        ("max 100000\n", "max\n", (None, None)),
        (None, None, (None, None)),
        ("", "", (None, None)),
    ],
)
def test_limits_of_a_container(
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    cpu: str | None,
    memory: str | None,
    limits: tuple[float | None, int | None],
) -> None:
    """As cgroup v2 writes them; absent means none."""
    files = {"/sys/fs/cgroup/cpu.max": cpu, "/sys/fs/cgroup/memory.max": memory}
    monkeypatch.setattr(module, "_lines", lambda path: (files.get(path) or "").splitlines())
    found = environment(pytestconfig)
    assert (found.cpu_limit, found.memory_limit) == limits


def test_a_file_that_isnt_there_has_no_lines(tmp_path: Path) -> None:
    """Other systems have no /proc."""
    read = getattr(module, "_lines")  # noqa: B009
    assert read(str(tmp_path / "none")) == []


def test_why_python_keeps_no_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable, an option, a statement, or a folder that can't be written."""
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert no_bytecode(tmp_path) == "PYTHONDONTWRITEBYTECODE is set"
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    # The interpreter of this test run may have been started either way.
    assert no_bytecode(tmp_path) in ("python runs with -B", "sys.dont_write_bytecode is set")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert no_bytecode(tmp_path) is None
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "absent"))
    assert no_bytecode(tmp_path) is None
    # Root may write everywhere.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert no_bytecode(tmp_path) is None
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    assert no_bytecode(tmp_path / "absent") == "the folder of PYTHONPYCACHEPREFIX is read-only"
    monkeypatch.setattr(sys, "pycache_prefix", None)
    assert no_bytecode(tmp_path) == "the root directory is read-only"
