"""The command line itself: help, errors, progress, job summary."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.project import Project

from paceline import __version__

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_help_teaches_by_example() -> None:
    """`--help` of the group and of the command name the arguments and show a call."""
    group = subprocess.run(
        [sys.executable, "-m", "paceline", "--help"], capture_output=True, text=True, check=True
    )
    command = subprocess.run(
        [sys.executable, "-m", "paceline", "profile", "-h"], capture_output=True, text=True, check=True
    )

    assert "paceline profile schema" in group.stdout
    assert "Exit codes" in group.stdout
    assert {"--rounds", "--workers", "--output", "--stall-timeout"} <= {*command.stdout.split()}


def test_the_version_is_the_packages() -> None:
    """`--version` prints it."""
    done = subprocess.run(
        [sys.executable, "-m", "paceline", "--version"], capture_output=True, text=True, check=True
    )

    assert __version__ in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("fats",), "there is no suite 'fats' (unknown-suite)\n  Did you mean 'fast'?"),
        (("fast", "--rounds", "0"), "0 is not in the range x>=1"),
        (("--nonsense",), "No such option"),
    ],
)
def test_wrong_arguments_are_answered_with_what_is_wrong(
    project: Project, arguments: tuple[str, ...], complaint: str
) -> None:
    """Exit code 2, one line, a suggestion where there is one."""
    done = project.profile(*arguments)

    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("[tool.paceline.suite.fast]\nworkrs = 2", "unknown key tool.paceline.suite.fast.workrs"),
        ("[tool.paceline.suite.fast]\nworkers = 'two'", "must be a whole number, not 'two'"),
        ("[tool.paceline.suite.fast]\nrequires = ['postgres']", "Did you mean 'postgresql'?"),
        ("outptu = 'x'", "Did you mean 'output'?"),
        ("this is not toml", "is not valid TOML"),
    ],
)
def test_a_wrong_configuration_says_where_it_is_wrong(project: Project, table: str, complaint: str) -> None:
    """The key is named, with what was probably meant."""
    project.configure(table)

    done = project.profile()

    assert done.returncode == 2
    assert complaint in done.stderr


def test_plain_lines_where_there_is_no_terminal(project: Project) -> None:
    """A log gets a line when a run begins and one when it ends, without a single escape sequence."""
    done = project.profile()

    assert "[1/2] fast, round 1" in done.stderr
    assert "slow: measured in" in done.stderr
    assert not _ESCAPE.search(done.stderr + done.stdout)


def test_a_quiet_profile_shows_the_tables_only(project: Project) -> None:
    """For scripts that want the result and nothing else; errors are still said."""
    done = project.profile("slow", "--quiet")
    wrong = project.profile("slwo", "--quiet")

    assert done.stderr == ""
    assert "Slowest of slow" in done.stdout
    assert "Did you mean 'slow'?" in wrong.stderr


def test_the_second_profile_says_how_long_it_will_take(project: Project) -> None:
    """The last figures give the estimate."""
    project.profile()

    done = project.profile()

    assert re.search(r"\[1/2\] fast, round 1, about .+ left", done.stderr)


def test_a_terminal_gets_a_live_display(project: Project) -> None:
    """It names the suite, the round and how far it is."""
    project.profile("slow")
    controller, terminal = pty.openpty()
    environment = project.environment(TERM="xterm-256color", COLUMNS="120")
    process = subprocess.Popen(
        project.command("slow"), cwd=project.root, env=environment, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # the other side has gone
            break
        if not part:
            break
        shown += part
    process.wait(timeout=30)

    text = _ESCAPE.sub("", shown.decode())
    assert process.returncode == 0
    assert "[1/1] slow, round 1" in text
    assert "collecting" in text or "of 1 test" in text
    assert "left" in text


def test_a_job_summary_gets_the_tables(project: Project, tmp_path: Path) -> None:
    """On GitHub the report stands on the run's page; what a test is called can't break it."""
    project.write(
        tests__test_fast="import pytest\n@pytest.mark.fast\n"
        "@pytest.mark.parametrize('x', [1], ids=['|<img>|'])\n"
        "def test_one(x): pass\n"
    )
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")

    project.profile("fast", GITHUB_STEP_SUMMARY=str(summary))

    text = summary.read_text()
    assert text.startswith("before\n## Paceline profile")
    assert "| Suite | Status | Tests | Wall | CPU | Since baseline |" in text
    assert "✅ measured" in text
    assert "<img>" not in text
    assert r"\|\<img\>\|" in text


def test_the_missions_script_profiles_the_example(tmp_path: Path) -> None:
    """`python scripts/perf/profile_marker_suites.py` takes suites and options like the command."""
    script = Path(__file__).parents[2] / "scripts" / "perf" / "profile_marker_suites.py"

    done = subprocess.run(
        [sys.executable, str(script), "contracts"], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert done.returncode == 2
    assert "Did you mean 'contract'?" in done.stderr
