"""`paceline bisect` on a history in which one commit made a test slower."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_gate import APPLICATION, CONFIGURATION, TESTS, git
from tests.harness.project import Project


def bisect(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `paceline bisect`, and make sure that nothing of it is left behind."""
    done = subprocess.run(
        [sys.executable, "-m", "paceline", "bisect", *arguments],
        cwd=project.root,
        env=project.environment(COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert git(project.root, "status", "--porcelain") == ""
    assert len(git(project.root, "worktree", "list").splitlines()) == 1
    return done


@pytest.fixture
def history(tmp_path: Path) -> Project:
    """Six commits; the fourth doesn't run, and the fifth waits ten times as long."""
    made = Project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    (tmp_path / ".gitignore").write_text("__pycache__/\n.paceline/\n")
    git(tmp_path, "init", "-q", "-b", "main")
    for number in range(1, 7):
        slow = APPLICATION.replace("0.002", "0.03") if number >= 5 else APPLICATION
        made.write(
            src__app="this is no Python\n" if number == 4 else f"{slow}\n# {number}\n", tests__test_app=TESTS
        )
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", f"number {number}")
        git(tmp_path, "tag", f"v{number}")
    return made


def test_the_commit_is_found_or_narrowed_down(history: Project) -> None:
    """A commit that can't be run may be the one as well, and is named beside it."""
    done = bisect(history, "tests/test_app.py::test_order", "--good", "v1")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *commits, delta = done.stdout.splitlines()
    assert first == "one of these, which could not be run apart:"
    assert [line.rpartition(": ")[2] for line in commits] == ["number 4", "number 5"]
    assert delta.startswith("tests/test_app.py::test_order: ")


def test_a_test_that_is_not_slower_ends_the_search(history: Project) -> None:
    """There is nothing to find, so nothing is named."""
    done = bisect(history, "tests/test_app.py::test_order", "--good", "v1", "--bad", "v3")
    assert (done.returncode, done.stdout) == (11, "")
    assert "isn't slower in v3 than in v1" in done.stderr


def test_a_good_commit_has_to_come_before_the_bad_one(history: Project) -> None:
    """The error says what to name instead."""
    done = bisect(history, "tests/test_app.py::test_order", "--good", "v3", "--bad", "v2")
    assert done.returncode == 2
    assert "v3 is not an ancestor of v2" in done.stderr
