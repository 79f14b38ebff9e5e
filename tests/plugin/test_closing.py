"""What `pytest --paceline` says at its end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.recorded import RecordedProject, needs

from paceline.model.times import TIME_NAMES
from paceline.record.closing import seconds

_TESTS = """
import time, pytest

@pytest.fixture(scope="session")
def server():
    time.sleep(0.3)

def test_one(server): time.sleep(0.1)

def test_two(server): pass
"""
TITLE = re.compile(r"=+ paceline: where \d+(\.\d+)? m?s went =+")


@pytest.fixture
def slow(project: RecordedProject) -> RecordedProject:
    """A project with a shared fixture that sleeps, and a test that sleeps less."""
    project.file("tests/test_it.py", _TESTS)
    return project


def closing(output: str) -> list[str]:
    """Return the lines below the title, up to pytest's last one; none without the title."""
    lines = output.splitlines()
    at = [number for number, line in enumerate(lines) if TITLE.fullmatch(line)]
    return lines[at[0] + 1 : -1] if at else []


def runs(project: RecordedProject) -> list[str]:
    """Return the paths of the run files."""
    return [path.relative_to(project.root).as_posix() for path in project.root.glob(".paceline/runs/*.gz")]


def test_a_run_ends_with_its_times_its_costs_and_its_record(slow: RecordedProject) -> None:
    """The greatest cost is named first; what slept for a fixture isn't told a second time."""
    done = slow.pytest("--paceline", out=None)

    assert done.ret == 0
    times, *rest = closing(done.stdout)
    assert re.search(r"start-up \S+ m?s, .*waiting \S+ m?s, rest \d+ ms$", times)
    assert rest[0] == "To fix first:"
    assert re.fullmatch(r"1\. 3\d\d ms: fixture server at tests/test_it.py", rest[1])
    assert re.fullmatch(r"2\. 1\d\d ms: sleep at tests/test_it.py:8", rest[2])
    [record] = runs(slow)
    assert rest[-1] == f"Recorded in {record}; more: paceline explain"
    assert_as_on_the_page(slow, times)


def assert_as_on_the_page(project: RecordedProject, times: str) -> None:
    """Compare with what the page is made of; only what passes after these lines is in addition there."""
    command = [sys.executable, "-m", "paceline", "report", "--format", "json"]
    done = subprocess.run(
        command, cwd=project.root, env=project.environment(), capture_output=True, text=True, check=True
    )
    [suite] = json.loads(done.stdout)["suites"]
    shown = dict(re.findall(r"([a-z-]+) ([\d.]+ m?s)(?:, |$)", times))
    assert shown.pop("rest")
    known = {TIME_NAMES[kind]: seconds(value) for kind, value in suite["times"]}
    assert {name: known[name] for name in shown} == shown


def test_workers_are_summed_up_once_and_say_nothing(slow: RecordedProject) -> None:
    """The process that reports the tests says it, and over how many workers the times are summed."""
    needs("xdist")
    slow.file("tests/test_other.py", _TESTS)
    done = slow.pytest(
        "--paceline",
        "-n2",
        "--dist=loadfile",
        out=None,
        plugins=("xdist", "paceline"),
        env={"COLUMNS": "200"},
    )

    assert len(TITLE.findall(done.output)) == 1
    times, _, first, *_ = closing(done.stdout)
    assert times.endswith(", summed over 2 workers")
    assert " fixture server at tests/test_" in first


@pytest.mark.parametrize(("quiet", "count"), [("-q", 2), ("-qq", 0)])
def test_quiet_runs_say_less(slow: RecordedProject, quiet: str, count: int) -> None:
    """Once: the times and the record. Twice: nothing."""
    done = slow.pytest("--paceline", quiet, out=None, env={"COLUMNS": "300"})

    assert len(closing(done.stdout)) == count
    assert len(runs(slow)) == 1


@pytest.mark.parametrize("option", ["--no-summary", "--paceline-out=run.jsonl"])
def test_nothing_is_said_where_nobody_asked(slow: RecordedProject, option: str) -> None:
    """Whoever names the run file reads it."""
    assert closing(slow.pytest("--paceline", option, out=None).stdout) == []


def test_without_a_test_there_is_nothing_to_say(project: RecordedProject) -> None:
    """pytest's own words are enough."""
    project.file("test_it.py", "")
    assert "paceline:" not in project.pytest("--paceline", out=None).output


def test_lines_fit_the_terminal_and_stay_whole_in_a_log(project: RecordedProject) -> None:
    """But the path and the command are never cut, because somebody copies them."""
    name = f"test_{'long' * 30}"
    project.file("test_it.py", f"import time\ndef {name}(): sum(range(5_000_000))")
    narrow = closing(project.pytest("--paceline", out=None, env={"COLUMNS": "60"}).stdout)
    log = closing(project.pytest("--paceline", out=None, env={"COLUMNS": "60", "CI": "true"}).stdout)

    assert all(len(line) < 60 for line in narrow[:-1])
    assert any(re.search(r": test_longlong\w+\.\.\. at test_it\.py:2$", line) for line in narrow)
    assert narrow[-1].endswith("; more: paceline explain")
    assert any(line.endswith(f": {name} at test_it.py:2") for line in log)


def test_a_plugin_that_takes_long_to_load_is_named(slow: RecordedProject) -> None:
    """With what it imports, which isn't told as a cost of its own."""
    slow.file("heavy_plugin.py", "import time, heavy_library\ntime.sleep(0.4)")
    slow.file("heavy_library.py", "import time\ntime.sleep(0.2)")
    done = slow.pytest(
        "--paceline", out=None, plugins=("paceline", "heavy_plugin"), env={"PYTHONPATH": str(slow.root)}
    )

    _, _, first, *others = closing(done.stdout)
    assert re.fullmatch(r"1\. [67]\d\d ms: loading plugin heavy_plugin and what it imports first", first)
    assert "heavy_library" not in "".join(others)


def test_colours_are_for_those_who_want_them(slow: RecordedProject) -> None:
    """pytest knows about NO_COLOR and terminals; its `--color` decides."""
    plain = slow.pytest("--paceline", out=None)
    coloured = slow.pytest("--paceline", "--color=yes", out=None, env={"NO_COLOR": ""})

    assert "\x1b" not in plain.output
    assert "\x1b[1mTo fix first:\x1b[0m" in coloured.stdout


def test_a_terminal_without_utf8_shows_escapes(project: RecordedProject) -> None:
    """Nothing raises, and the rest of the line is there."""
    project.file("test_é.py", "import time\ndef test_ü(): time.sleep(0.1)")
    done = project.pytest("--paceline", out=None, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})

    assert done.ret == 0
    assert "sleep at test_\\xe9.py:2" in done.stdout


def test_the_command_names_the_project_from_another_folder(slow: RecordedProject) -> None:
    """Both paths are as somebody would type them there."""
    script = "import os, sys, pytest; os.chdir('tests'); sys.exit(pytest.main(sys.argv[1:]))"
    arguments = slow.command("--paceline", "--rootdir=..", "-c", "../pyproject.toml")
    at = arguments.index("-m")
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments[at + 2 :]],
        cwd=slow.root,
        env=slow.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    [record] = runs(slow)
    assert closing(done.stdout)[-1] == f"Recorded in ../{record}; more: paceline explain -C .."


def test_a_record_that_is_gone_is_one_warning(project: RecordedProject) -> None:
    """The tests pass as they would have, and the warning says which file."""
    project.file(
        "test_it.py",
        "from pathlib import Path\n"
        "def test_it(): [path.unlink() for path in Path('.paceline/runs').iterdir()]",
    )
    done = project.pytest("--paceline", out=None)

    assert done.ret == 0
    assert done.output.count("this run can't be summed up: the run file ") == 1


def test_where_nobody_counted_is_told_from_where_nothing_was(slow: RecordedProject) -> None:
    """A metric that was switched off isn't zero."""
    done = slow.pytest("--paceline", "--paceline-metrics=duration", out=None, env={"COLUMNS": "300"})
    times = closing(done.stdout)[0]

    assert times.endswith("database not recorded, waiting not recorded")
    assert Path(slow.root / runs(slow)[0]).exists()
