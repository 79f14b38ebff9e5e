"""`paceline history`, with a remote repository beside the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.project import Project
from tests.harness.records import make_run, make_test

from paceline.history.branch import newest
from paceline.store.run_file import compressed, line


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty repository."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote.git")], check=True)
    return tmp_path / "remote.git"


def clone(remote: Path, name: str) -> Project:
    """Return a project whose origin is `remote`, with one run of its own."""
    root = remote.parent / name
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "remote", "add", "origin", str(remote)], cwd=root, check=True)
    runs = root / ".paceline" / "runs"
    runs.mkdir(parents=True)
    run = make_run(make_test("t.py::test_it"))
    lines = [line("header", run.header), line("collected", {"nodeids": list(run.collected or ())})]
    lines += [line("test", test) for test in run.tests]
    lines += [line("end", run.end)] if run.end is not None else []
    content = "".join(f"{text}\n" for text in lines).encode()
    number = int(name[1:])
    (runs / f"20260101T0000{number:02d}.000Z-s-r1-{number:08x}.jsonl.gz").write_bytes(compressed(content))
    return Project(root)


def test_jobs_that_push_at_once_lose_nothing(remote: Path) -> None:
    """Four at the same time: every file arrives, in one commit without a parent."""
    projects = [clone(remote, f"p{number}") for number in range(4)]
    command = [sys.executable, "-m", "paceline", "history", "push"]
    jobs = [subprocess.Popen(command, cwd=one.root, env=one.environment()) for one in projects]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0, 0, 0]
    done = projects[0].paceline("history", "fetch")
    assert "4 runs in .paceline/history" in done.stdout
    count = ["git", "rev-list", "--count", "paceline-history"]
    assert subprocess.check_output(count, cwd=remote, text=True).strip() == "1"


def test_a_repository_without_history_is_no_error(remote: Path) -> None:
    """The first run has none to compare with."""
    done = clone(remote, "p1").paceline("history", "fetch")
    assert (done.returncode, "no history yet" in done.stdout) == (0, True)


def test_an_unreachable_repository_is_a_clear_error(remote: Path) -> None:
    """It is something else than an empty history."""
    done = clone(remote, "p1").paceline("history", "fetch", "--remote", "/nowhere.git")
    assert done.returncode == 4
    assert "(history)" in done.stderr


def test_the_newest_of_each_suite_are_kept() -> None:
    """Names begin with the time of their run."""
    names = [f"2026010{day}T000000.000Z-{suite}-r1-00000000.jsonl.gz" for suite in "ab" for day in (1, 2, 3)]
    kept = {(name[7], name[21]) for name in newest(names, 2)}
    assert kept == {("2", "a"), ("2", "b"), ("3", "a"), ("3", "b")}
