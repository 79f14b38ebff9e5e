"""Stopping a profile loses nothing that was measured."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness.project import Project

_WAITING = """
import pathlib, pytest, threading
pytestmark = pytest.mark.fast

def test_one():
    pass

def test_waits():
    marker = pathlib.Path('second')
    if marker.exists():
        pathlib.Path('waiting').touch()
        threading.Event().wait(60)
    marker.touch()

def test_three():
    pass
"""


def _start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_the_second_round_keeps_the_first(project: Project, number: signal.Signals) -> None:
    """Ctrl-C, and the signal of a cancelled CI job: exit code 130, the finished round is stored."""
    project.write(tests__test_fast=_WAITING)
    process = _start(project, "fast", "--rounds", "3")
    _until((project.root / "waiting").exists)

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    entry = project.entry("fast")
    assert (entry["status"], entry["rounds"], entry["outcomes"]) == ("measured", 1, {"passed": 3})
    assert entry["last_attempt"]["status"] == "interrupted"
    assert entry["unreported"] == ["tests/test_fast.py::test_waits", "tests/test_fast.py::test_three"]
    assert "interrupted" in out
    first, second = project.runs()
    assert first.end is not None
    assert second.tests[0].nodeid == "tests/test_fast.py::test_one"


def test_an_interrupted_pytest_leaves_no_process_behind(project: Project) -> None:
    """Even a test that refuses to be interrupted is ended, with its children."""
    project.write(
        tests__test_fast="import pathlib, pytest, signal, subprocess, sys, time\n"
        "@pytest.mark.fast\n"
        "def test_stubborn():\n"
        "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    pathlib.Path('pid').write_text(str(child.pid))\n"
        "    pathlib.Path('waiting').touch()\n"
        "    time.sleep(600)\n"
    )
    process = _start(project, "fast")
    _until((project.root / "waiting").exists)

    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)  # a second one doesn't wait
    process.communicate(timeout=30)

    assert process.returncode == 130
    child = int((project.root / "pid").read_text())
    _until(lambda: not _alive(child))
    assert project.entry("fast")["wall_time_seconds"] is None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
