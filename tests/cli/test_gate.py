"""`paceline gate` on repositories with a change, and without one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.harness.project import Project

#: The command, where the shell that runs the tests in the background has told its children to ignore Ctrl-C.
_LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from paceline.cli import main
sys.exit(main(["gate"]))
"""
CONFIGURATION = '[tool.paceline.suite.all]\nmarker = ""\nflag = ""\npaths = ["tests"]\n'
APPLICATION = """
import time

def order(number):
    time.sleep(0.002)
    return number
"""
TESTS = """
import pytest
from app import order

@pytest.mark.parametrize("number", range(12))
def test_steady(number):
    total = sum(index * index for index in range(20_000))
    assert total

def test_order():
    assert order(1) == 1
"""


def git(root: Path, *arguments: str) -> str:
    """Run git and return what it says."""
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose branch `feature` has nothing of its own yet."""
    made = Project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    made.write(src__app=APPLICATION, tests__test_app=TESTS)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    git(tmp_path, "switch", "-qc", "feature")
    return made


def gate(project: Project, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run `paceline gate`, and make sure that nothing of it is left behind."""
    before = git(project.root, "status", "--porcelain")
    done = subprocess.run(
        [sys.executable, "-m", "paceline", "gate", *arguments],
        cwd=project.root,
        env=project.environment(COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert git(project.root, "status", "--porcelain") == before
    assert len(git(project.root, "worktree", "list").splitlines()) == 1
    return done


def test_a_slowdown_is_found_and_confirmed(project: Project) -> None:
    """The test that waits longer is named; those that don't aren't."""
    project.write(src__app=APPLICATION.replace("0.002", "0.03"))
    done = gate(project)
    assert done.returncode == 10, done.stdout + done.stderr
    assert "test_order" in done.stdout
    assert "src/app.py:5" in done.stdout
    assert "test_steady" not in done.stdout


def test_no_change_is_no_regression(project: Project) -> None:
    """A change that changes no time passes."""
    project.write(src__app=APPLICATION + "\n# a comment\n")
    done = gate(project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("base", ["nowhere", "--version"])
def test_an_unknown_base_is_an_error(project: Project, base: str) -> None:
    """It says which, before anything is run."""
    done = gate(project, f"--base={base}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no commit '{base}'" in done.stderr


def test_a_base_that_cannot_be_measured_is_inconclusive(project: Project) -> None:
    """Its tests can't be collected, so nothing can be said, and that isn't a regression of HEAD."""
    git(project.root, "switch", "-q", "main")
    project.write(src__app="this is no Python\n")
    git(project.root, "commit", "-qam", "broken")
    broken = git(project.root, "rev-parse", "HEAD")
    project.write(src__app=APPLICATION)
    done = gate(project, "--base", broken)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "the base could not be measured" in done.stdout


def test_a_base_that_runs_the_heads_code_is_noticed(project: Project) -> None:
    """Both sides would be the same program, and every comparison of them would say that all is well."""
    (project.root / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(project.root / 'lib')!r})\n"
    )
    project.write(lib__shared="X = 1\n", tests__test_more="import shared\n\ndef test_more():\n    pass\n")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "path")
    done = gate(project, "--base", "HEAD")
    assert done.returncode == 11, done.stdout + done.stderr
    assert "the base ran code of the head (shared)" in done.stdout
    assert "tool.paceline.gate.setup" in done.stdout


def test_a_set_up_of_the_base_that_fails_is_told(project: Project) -> None:
    """With what the command said."""
    with (project.root / "pyproject.toml").open("a") as file:
        file.write("[tool.paceline.gate]\nsetup = 'echo no such package; exit 7'\n")
    done = gate(project)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "inconclusive:" in done.stdout
    assert "no such package" in done.stdout


def test_a_set_up_that_hangs_ends_at_the_time_limit(project: Project) -> None:
    """With everything that it has started."""
    with (project.root / "pyproject.toml").open("a") as file:
        file.write("[tool.paceline.gate]\nsetup = 'sleep 250; true'\n")
    done = gate(project, "--time-limit", "0.1", timeout=120)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "did not end within the time limit" in done.stdout


def test_first_runs_that_take_too_long_are_ended(project: Project) -> None:
    """A limit that only holds between two runs would be none."""
    project.write(src__app=APPLICATION.replace("0.002", "250"))
    done = gate(project, "--time-limit", "0.2", timeout=120)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "its first runs did not end within the time limit" in done.stdout


def test_the_time_limit_is_kept(project: Project) -> None:
    """What isn't decided by then is said to be inconclusive."""
    project.write(src__app=APPLICATION.replace("0.002", "0.3"))
    done = gate(project, "--time-limit", "0.1")
    # On a machine that is busy enough, not even the first runs end in time.
    assert done.returncode in (0, 11), done.stdout + done.stderr
    assert "within the time limit" in done.stdout


def test_a_worktree_of_the_users_stays(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also one whose folder can't be reached at the moment."""
    other = tmp_path_factory.mktemp("drive") / "other"
    git(project.root, "worktree", "add", "-q", "--detach", str(other))
    away = other.rename(other.with_name("unplugged"))
    with (project.root / "pyproject.toml").open("a") as file:
        file.write("[tool.paceline.gate]\nsetup = 'exit 7'\n")
    done = project.paceline("gate", timeout=120)
    assert done.returncode == 11, done.stderr
    away.rename(other)
    assert str(other) in git(project.root, "worktree", "list")
    assert "paceline-base" not in git(project.root, "worktree", "list")


def test_a_pull_requests_text_justifies(project: Project) -> None:
    """Read from the event of a job on GitHub; conditions stand in brackets."""
    project.write(src__app=APPLICATION.replace("0.002", "0.03"))
    body = (
        "Paceline-Justify: tests/test_app.py::test_order: politeness (until 2099-01-01, up to 99x, owner eve)"
    )
    event = project.root / ".paceline" / "event.json"
    event.parent.mkdir()
    event.write_text(json.dumps({"pull_request": {"body": body}}))
    done = project.paceline("gate", timeout=300, GITHUB_EVENT_PATH=str(event), COLUMNS="200")
    assert "politeness (eve)" in done.stdout, done.stdout + done.stderr


def test_a_profile_can_be_confirmed_at_once(project: Project) -> None:
    """First the profile, then the pairs; an unknown revision is told before either."""
    done = project.paceline("profile", "--against", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    project.write(src__app=APPLICATION.replace("0.002", "0.03"))
    source = str(project.root / "src")
    done = project.paceline("profile", "--against", "main", timeout=300, COLUMNS="200", PYTHONPATH=source)
    assert done.returncode == 10, done.stdout + done.stderr
    assert "src/app.py:5" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_gate_puts_everything_away(project: Project, number: signal.Signals) -> None:
    """The checkout is gone and the working tree is what it was."""
    project.write(src__app=APPLICATION.replace("0.002", "2"))
    process = subprocess.Popen(
        [sys.executable, "-c", _LISTENING],
        cwd=project.root,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((project.root / ".paceline").glob("gate/*/all-first-1-base.jsonl*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert len(git(project.root, "worktree", "list").splitlines()) == 1
    assert git(project.root, "status", "--porcelain") == "M src/app.py"
