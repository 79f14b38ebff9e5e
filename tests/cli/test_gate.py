"""`paceline gate` on repositories with a change, and without one."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.project import Project

CONFIGURATION = '[tool.paceline.suite.all]\nmarker = ""\nflag = ""\npaths = ["tests"]\n'
APPLICATION = """
import time

def order(number):
    time.sleep(0.002)
    return number

def refund(number):
    time.sleep(0.001)
    return number
"""
TESTS = """
import pytest
from app import order, refund

@pytest.mark.parametrize("number", range(12))
def test_steady(number):
    total = sum(index * index for index in range(20_000))
    assert total

@pytest.mark.budget("20ms")
def test_order():
    assert order(1) == 1

def test_refund():
    assert refund(1) == 1
"""
CLIENT = """
import pytest
from app import order

@pytest.fixture(autouse=True)
def client():
    order(1)

@pytest.mark.parametrize("number", range(24))
def test_order(number):
    order(number)
"""
ONCE = """
_SEEN = []

@pytest.mark.parametrize("number", range(12))
def test_once(number):
    order(1)
    assert number not in _SEEN
    _SEEN.append(number)
"""
SLOWER = APPLICATION.replace("0.002", "0.03")


def git(root: Path, *arguments: str) -> str:
    """Run git and return what it says."""
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(root: Path, configuration: str = CONFIGURATION) -> Project:
    """Return a project whose branch `feature` has nothing of its own yet."""
    made = Project(root)
    (root / "pyproject.toml").write_text(configuration)
    (root / ".gitignore").write_text("__pycache__/\n.paceline/\n")
    made.write(src__app=APPLICATION, tests__test_app=TESTS)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "base")
    git(root, "switch", "-qc", "feature")
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project on a branch without anything of its own."""
    return repository(tmp_path)


def gate(
    project: Project, *arguments: str, timeout: float = 300, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `paceline gate`, and make sure that nothing of it is left behind."""
    before = git(project.root, "status", "--porcelain")
    worktrees = git(project.root, "worktree", "list")
    done = project.paceline("gate", *arguments, timeout=timeout, COLUMNS="200", **variables)
    assert git(project.root, "status", "--porcelain") == before
    assert git(project.root, "worktree", "list") == worktrees
    return done


def configured(project: Project, table: str) -> None:
    """Add to the configuration of the gate."""
    with (project.root / "pyproject.toml").open("a") as file:
        file.write(f"[tool.paceline.gate]\n{table}\n")


#: What the pull request says: one that holds, one that nothing is slower for, four that say too little.
PULL_REQUEST = """
Paceline-Justify: tests/test_app.py::test_refund: politeness (until 2099-01-01, up to 99x, owner eve)
Paceline-Justify: tests/test_gone.py::test_gone: nothing of the kind
Paceline-Justify: tests/test_app.py::test_order: until February (until 2099-02-30)
Paceline-Justify: tests/test_app.py::test_order: no limit (up to 0.5x)
Paceline-Justify: tests/test_app.py::test_order: anything (until 2099-01-01, whatever)
Paceline-Justify: tests/test_app.py::test_order
"""
EXPIRED = {"target": "test_order", "reason": "once", "owner": "bob", "until": "2020-01-01", "up_to": None}


def test_slowdowns_are_found_named_and_held_against_what_was_justified(project: Project) -> None:
    """A wait, a slower import, and a wait that the pull request explains; as GitHub shows them."""
    assert project.profile(PYTHONPATH=str(project.root / "src")).returncode == 0
    stored = json.loads(project.baseline_path.read_text())
    stored["justifications"] = [EXPIRED]
    stored["profiles"]["all"]["anchored_tests"] = {"tests/test_app.py::test_order": 0.006}
    project.baseline_path.write_text(json.dumps(stored))
    project.write(src__app="import heavy\n" + SLOWER.replace("0.001", "0.02"))
    project.write(src__heavy="import time\n\ntime.sleep(0.1)\n")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "slower")
    event, summary = project.root / ".paceline" / "event.json", project.root / ".paceline" / "summary.md"
    event.parent.mkdir(exist_ok=True)
    event.write_text(json.dumps({"pull_request": {"body": PULL_REQUEST}}))
    done = gate(project, "--format", "github", GITHUB_EVENT_PATH=str(event), GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 10, done.stdout + done.stderr
    annotations = done.stdout.splitlines()
    errors = [line for line in annotations if line.startswith("::error")]
    places = {line.partition("file=")[2].partition(",title")[0] for line in errors}
    assert {"src/app.py,line=6", "src/heavy.py,line=1"} <= places
    assert not any("test_steady" in line or "test_refund" in line for line in errors)
    warnings = "\n".join(line for line in annotations if line.startswith("::warning"))
    assert "expired justifications, which cover nothing any more: test_order: once" in warnings
    assert "justifications that match nothing: tests/test_gone.py::test_gone" in warnings
    table = summary.read_text().replace("\\", "")
    # There is room for ten annotations; the summary has everything.
    assert table.count("Paceline-Justify: tests/test_app.py::test_order") == 4
    assert "politeness (eve)" in table
    assert "importing heavy" in table
    assert "drifted since the anchor of" in table
    assert "slower (A)" in table
    assert "over the budget of its marker in each of 3 rounds" in table


def test_a_change_that_slows_everything_down_is_no_slower_machine(project: Project) -> None:
    """However much: three times as slow is far beyond what machines differ by from run to run."""
    project.write(tests__test_app=CLIENT)
    git(project.root, "commit", "-qam", "base")
    git(project.root, "branch", "-qf", "main")
    project.write(src__app=APPLICATION.replace("0.002", "0.006"))
    done = gate(project, "--format", "markdown")
    assert done.returncode == 10, done.stdout + done.stderr
    assert "|regressed|suite tests|" in done.stdout
    assert re.search(r"sleep takes longer: time.sleep, in \d+ tests from src/app.py:5", done.stdout)


def test_tests_that_cannot_run_twice_are_judged_by_their_first_runs(project: Project) -> None:
    """One fails when it is repeated, and then one ends the process."""
    for spoilt in (ONCE, ONCE.replace("assert number not in _SEEN", "number in _SEEN and os._exit(3)")):
        git(project.root, "switch", "-q", "main")
        project.write(tests__test_app=f"import os\n{TESTS}\n{spoilt}")
        git(project.root, "commit", "-qam", "base")
        git(project.root, "switch", "-qC", "feature")
        project.write(src__app=APPLICATION.replace("0.002", "0.006"))
        done = gate(project, "--format", "json")
        git(project.root, "checkout", "-q", ".")
        assert done.returncode == 10, done.stdout + done.stderr
        (comparison,) = json.loads(done.stdout)["comparisons"]
        slower = {delta["key"]["name"] for delta in comparison["deltas"] if delta["verdict"] == "regressed"}
        assert "tests/test_app.py::test_once[0]" in slower


def test_a_base_with_other_dependencies_and_a_failing_test_passes(project: Project) -> None:
    """What the base needs comes from its set-up; no time has changed, so nothing is regressed."""
    git(project.root, "switch", "-q", "main")
    project.write(
        tests__test_app=f"import needed_by_the_base\n{TESTS.replace('refund(1) == 1', 'refund(1) == 2')}"
    )
    git(project.root, "commit", "-qam", "base")
    git(project.root, "switch", "-q", "feature")
    setup = (
        'for name in needed_by_the_base; do echo > "{env}/${name}.py"; done; mkdir "{env}/a b"; '
        f'printf "#!/bin/sh\\nPYTHONPATH=\\"\\$PYTHONPATH:{{env}}\\" exec {sys.executable} \\"\\$@\\"\\n" '
        '> "{env}/a b/python"; chmod +x "{env}/a b/python"'
    )
    configured(project, f"setup = '''{setup}'''\npython = \"{{env}}/a b/python\"")
    done = gate(project, "--base", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests that failed in the base only" in done.stdout
    assert "tests/test_app.py::test_refund" in done.stdout
    assert "what is unchanged would have been noticed in" in done.stdout


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


def test_a_set_up_that_hangs_ends_at_the_time_limit(project: Project) -> None:
    """With everything that it has started."""
    configured(project, "setup = 'sleep 250; true'")
    done = gate(project, "--time-limit", "0.1", timeout=120)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "did not end within the time limit" in done.stdout


def test_first_runs_that_take_too_long_are_ended(project: Project) -> None:
    """A limit that only holds between two runs would be none."""
    project.write(src__app=APPLICATION.replace("0.002", "250"))
    done = gate(project, "--time-limit", "0.15", timeout=120)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "its first runs did not end within the time limit" in done.stdout


def test_the_time_limit_is_kept(project: Project) -> None:
    """What isn't decided by then is said to be inconclusive."""
    # A run takes so long that there is no time for the pairs that a verdict needs.
    project.write(src__app="import time\n\ntime.sleep(1.5)\n" + APPLICATION.replace("0.002", "0.3"))
    # A table for a terminal breaks lines in the middle of what is said.
    done = gate(project, "--time-limit", "0.1", "--format", "markdown")
    # On a machine that is busy enough, not even the first runs end in time.
    assert done.returncode in (0, 11), done.stdout + done.stderr
    assert "within the time limit" in done.stdout


def test_a_set_up_of_the_base_that_fails_is_told(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With what the command said; a worktree of the user's stays, even if its folder can't be reached now."""
    other = tmp_path_factory.mktemp("drive") / "other"
    git(project.root, "worktree", "add", "-q", "--detach", str(other))
    away = other.rename(other.with_name("unplugged"))
    configured(project, "setup = 'echo no such package; exit 7'")
    done = gate(project)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "inconclusive:" in done.stdout
    assert "no such package" in done.stdout
    away.rename(other)
    assert "paceline-base" not in git(project.root, "worktree", "list")


def test_a_profile_can_be_confirmed_at_once(project: Project) -> None:
    """First the profile, then the pairs, in one document; an unknown revision is told before either."""
    done = project.paceline("profile", "--against", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    project.write(src__app=SLOWER)
    source = str(project.root / "src")
    done = project.paceline(
        "profile", "--against", "main", "--format", "json", timeout=300, PYTHONPATH=source
    )
    assert done.returncode == 10, done.stdout + done.stderr
    (comparison,) = json.loads(done.stdout)["against"]["comparisons"]
    regressed = [delta for delta in comparison["deltas"] if delta["verdict"] == "regressed"]
    slower = [delta for delta in regressed if delta["key"]["subject"] == "test"]
    assert {delta["key"]["name"] for delta in slower} == {"tests/test_app.py::test_order"}
    assert {delta["where"] for delta in slower} == {"tests/test_app.py:10"}
    (call,) = [delta for delta in slower if delta["key"]["phase"] == "call" and delta["unit"] == "s"]
    assert call["causes"][0]["where"] == "src/app.py:5"
    assert call["detectable"] < call["ratio"]


@pytest.mark.parametrize(
    ("number", "awaited"),
    [(signal.SIGINT, "all-first-1-base.jsonl*"), (signal.SIGTERM, "all-pairs-01-head.jsonl*")],
)
def test_an_interrupted_gate_puts_everything_away(
    project: Project, number: signal.Signals, awaited: str
) -> None:
    """The checkout is gone and the working tree is what it was, in the first runs and in the confirmation."""
    project.write(src__app=APPLICATION.replace("0.002", "0.3"))
    code, said = project.interrupted(
        ["gate"], number, lambda: any((project.root / ".paceline").glob(f"gate/*/{awaited}"))
    )
    assert code == 130, said
    assert "interrupted" in said
    assert len(git(project.root, "worktree", "list").splitlines()) == 1
    assert git(project.root, "status", "--porcelain") == "M src/app.py"
