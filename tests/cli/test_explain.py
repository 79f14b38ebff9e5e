"""`paceline explain` and `paceline top` on files, as somebody types them."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.costs import FILE, a_run, a_test, operation, phase, shared
from tests.harness.project import Project

from paceline.model.run import Run
from paceline.store.run_file import line

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SLOW = a_run(
    a_test(
        "test_a", phase("call", 1.5, cpu_time=0.1, operations=[operation("sleep", 1.0, where=f"{FILE}:9")])
    ),
    a_test("test_é", phase("call", 0.5)),
    fixtures=[shared("database", 2.0)],
)


@pytest.fixture
def recorded(tmp_path: Path) -> Project:
    """A project with one run of the suite `schema`, and the conftest of its fixture."""
    project = Project(tmp_path)
    project.configure("")
    project.write(tests__conftest="import pytest\n\n\n@pytest.fixture\ndef database():\n    pass\n")
    store(project, SLOW, "20260101T000000.000Z-schema-r1-00000000")
    return project


def store(project: Project, run: Run, name: str) -> Path:
    """Write `run` as the recorder would."""
    lines = [line("header", run.header), line("collected", {"nodeids": run.collected})]
    lines += [line("test", test) for test in run.tests]
    lines += [line("fixture", event) for event in run.costs.fixtures]
    lines += [line("end", run.end)] if run.end is not None else []
    path = project.root / ".paceline" / "runs" / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(f"{text}\n" for text in lines).encode()))
    return path


def paceline(project: Project, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project."""
    return subprocess.run(
        [sys.executable, "-m", "paceline", *arguments],
        cwd=project.root,
        env=project.environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )


def test_the_first_line_says_it_all(recorded: Project) -> None:
    """With the line of the fixture as the project has it now."""
    done = paceline(recorded, "explain", "test_a")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == (
        f"{FILE}::test_a: 3.50 s, of which "
        "2.00 s is fixture `database` (session scope, built once) at tests/conftest.py:5, "
        f"1.00 s is 1 sleep from {FILE}:9, 400 ms is waiting for something unrecorded at {FILE}:7"
    )
    assert "What to do first" in done.stdout


@pytest.mark.parametrize("target", [(), ("schema",)])
def test_without_a_target_it_is_the_whole_run(recorded: Project, target: tuple[str, ...]) -> None:
    """Its suite's name means the same."""
    done = paceline(recorded, "explain", *target)

    assert done.stdout.startswith("schema: 4.00 s, of which 2.00 s is fixture `database`")


def test_the_newest_run_that_knows_the_target_is_taken(recorded: Project) -> None:
    """The last run may be one of another suite."""
    other = a_run(a_test("test_z", phase("call", 9.0)), fixtures=[shared("schema_x", 0.0)], suite="contract")
    store(recorded, other, "20260102T000000.000Z-contract-r1-00000000")
    newer = a_run(a_test("test_a", phase("call", 7.0)))
    store(recorded, newer, "20260103T000000.000Z-schema-r2-00000000")

    assert "test_a: 7.00 s" in paceline(recorded, "explain", "test_a").stdout
    assert "test_z: 9.00 s" in paceline(recorded, "explain", "test_z").stdout
    assert "schema: 7.00 s" in paceline(recorded, "explain", "schema").stdout
    old = paceline(recorded, "explain", "test_a", "--run", "20260101T")
    assert "test_a: 3.50 s" in old.stdout


def test_json_is_for_programs(recorded: Project) -> None:
    """Its parts add up to the whole."""
    done = paceline(recorded, "explain", "test_a", "--format", "json")

    found = json.loads(done.stdout)
    assert found["schema_version"] == 1
    assert found["subject"] == {"kind": "test", "name": f"{FILE}::test_a"}
    assert sum(part["seconds"] for part in found["parts"]) == pytest.approx(found["seconds"])
    assert found["suggestions"][0]["cause"] == "sleeps"


def test_markdown_is_short_and_can_not_be_broken_by_names(recorded: Project) -> None:
    """It fits a prompt: ranked, with places."""
    store(
        recorded, a_run(a_test("test_x[|<b>]", phase("call", 1.0))), "20260109T000000.000Z-schema-r1-00000000"
    )

    done = paceline(recorded, "explain", "test_x", "--format", "markdown")

    assert done.stdout.startswith(f"# Where the time of {FILE}::test_x went\n\n{FILE}::test_x: 1.00 s")
    assert "<b>" not in paceline(recorded, "top", "--format", "markdown").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("explain", "test_b"), 2, "is called 'test_b' (unknown-target)\n  The nearest are"),
        (("explain", "d"), 2, "'d' can mean 4 things (ambiguous-target)\n  Name one of"),
        (("explain", "--run", "2025"), 2, "no run is called '2025' (unknown-run)"),
        (("explain", "--run", "missing.jsonl"), 4, "missing.jsonl can't be read"),
        (("explain", "--run", "pyproject.toml"), 4, "pyproject.toml is not a run file"),
        (("top", "--by", "speed"), 2, "tests of this run can't be listed by 'speed' (unknown-figure)"),
        (("top", "--suite", "contract"), 2, "no run of suite 'contract' has been recorded (unknown-run)"),
    ],
)
def test_wrong_arguments_are_answered_with_what_is_wrong(
    recorded: Project, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    """One line and a hint."""
    done = paceline(recorded, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_without_runs_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    """Nothing has been recorded yet."""
    done = paceline(Project(tmp_path), "explain")

    assert done.returncode == 2
    assert "(no-runs)\n  Record with `paceline profile`" in done.stderr


def test_a_broken_run_file_does_not_hide_the_others(recorded: Project) -> None:
    """It is skipped with a warning; alone it is an error."""
    broken = recorded.root / ".paceline" / "runs" / "20270101T000000.000Z-00000000.jsonl"
    broken.write_text("{}\n")

    done = paceline(recorded, "explain", "test_a")
    for path in broken.parent.glob("*.gz"):
        path.unlink()
    alone = paceline(recorded, "explain")

    assert done.returncode == 0
    assert "warning: skipped" in done.stderr
    assert alone.returncode == 4


def test_top_lists_by_any_figure(recorded: Project) -> None:
    """The largest first, with the place."""
    done = paceline(recorded, "top", "--by", "cpu_time", "--limit", "1", "--suite", "schema")

    rows = [text.split() for text in done.stdout.splitlines() if FILE in text]
    assert rows == [["500", "ms", "83%", "1", "test_é", f"{FILE}:7"]]
    assert "1 more; --limit 2 shows them all." in done.stdout
    assert "tests/conftest.py:5" in paceline(recorded, "top", "--kind", "fixtures").stdout


def test_a_narrow_window_folds_and_loses_nothing(recorded: Project) -> None:
    """No line of a table is wider than the window."""
    done = paceline(recorded, "explain", "test_a", COLUMNS="60")

    tables = done.stdout.split("\n", 1)[1]
    notes = ("did not record", "of it is shared")
    rows = [text for text in tables.splitlines() if not any(note in text for note in notes)]
    assert max(map(len, rows)) <= 60
    assert "database" in tables


def test_an_old_terminal_gets_what_it_can_show(recorded: Project) -> None:
    """No character that it lacks ends in an error."""
    for encoding in ("ascii", "latin-1"):
        done = paceline(recorded, "explain", "schema", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        listed = paceline(recorded, "top", PYTHONIOENCODING=encoding, PYTHONUTF8="0")

        assert (done.returncode, listed.returncode) == (0, 0), done.stderr + listed.stderr
        assert "test_" in listed.stdout
        found = paceline(recorded, "top", "--format", "json", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert {row["name"].rpartition("::")[2] for row in json.loads(found.stdout)["rows"]} == {
            "test_a",
            "test_é",
        }


def test_colours_are_for_terminals(recorded: Project) -> None:
    """And there only where NO_COLOR isn't set."""
    assert not _ESCAPE.search(paceline(recorded, "explain").stdout)
    assert "\x1b[32m" in shown_on_a_terminal(recorded)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown_on_a_terminal(recorded, NO_COLOR="1"))


def shown_on_a_terminal(project: Project, **variables: str) -> str:
    """Return what a terminal is sent."""
    environment = {**project.environment(TERM="xterm-256color", COLUMNS="100"), **variables}
    if not variables:
        environment.pop("NO_COLOR", None)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "paceline", "explain"], cwd=project.root, env=environment, stdout=terminal
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # the other side has gone
            break
        if not piece:
            break
        shown += piece
    process.wait(timeout=60)
    os.close(controller)
    return shown.decode()
