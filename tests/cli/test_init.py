"""`paceline init`, from nothing to a measured baseline."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.harness.project import Project


def project_with_a_slow_test(root: Path) -> Project:
    """A project that knows nothing of Paceline."""
    project = Project(root)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]\n')
    project.write(tests__test_slow="import pytest\n@pytest.mark.slow\ndef test_it():\n    assert True\n")
    return project


def files(root: Path) -> set[str]:
    """Return the files of a project."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_without_somebody_to_ask_nothing_is_written(tmp_path: Path) -> None:
    """The diff is shown, and how to go on."""
    project = project_with_a_slow_test(tmp_path)
    before = files(tmp_path)
    done = project.paceline("init")
    assert done.returncode == 0
    assert "+[tool.paceline.suite.slow]" in done.stdout
    assert "paceline init --yes" in done.stdout
    assert files(tmp_path) == before


def test_the_diff_can_be_applied_by_git(tmp_path: Path) -> None:
    """It is one, and nothing else is on standard output."""
    project = project_with_a_slow_test(tmp_path)
    done = project.paceline("init", "--diff")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, check=True, input=done.stdout, text=True)
    assert ".github/workflows/heavy-tests.yml" in files(tmp_path)


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    """And it takes back what is missing, only that."""
    project = project_with_a_slow_test(tmp_path)
    assert project.paceline("init", "--yes").returncode == 0
    again = project.paceline("init", "--yes")
    assert "Nothing to do" in again.stdout
    (tmp_path / ".github/workflows/heavy-tests-comment.yml").unlink()
    third = project.paceline("init", "--yes")
    assert "made .github/workflows/heavy-tests-comment.yml" in third.stdout
    assert "pyproject.toml" not in third.stdout.partition("made")[2]


def test_a_broken_pyproject_stops_it(tmp_path: Path) -> None:
    """It says what is wrong and writes nothing."""
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    done = Project(tmp_path).paceline("init", "--yes")
    assert done.returncode == 2
    assert "not valid TOML" in done.stderr
    assert files(tmp_path) == {"pyproject.toml"}


def test_two_answers_set_a_project_up(tmp_path: Path) -> None:
    """Yes to the files, yes to measuring: then the baseline is there."""
    project = project_with_a_slow_test(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow: takes long"]\n')
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "paceline", "init"],
        cwd=tmp_path,
        env=project.environment(PYTEST_PLUGINS="xdist.plugin"),
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
    )
    os.close(secondary)
    os.write(primary, b"y\ny\n")
    said = b""
    while True:
        try:
            part = os.read(primary, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
    assert process.wait(timeout=120) == 0, said.decode(errors="replace")
    assert project.entry("slow")["status"] == "measured"
    assert b"Commit perf_metrics/pytest_marker_baselines.json" in said
