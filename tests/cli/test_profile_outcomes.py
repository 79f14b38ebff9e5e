"""What `paceline profile` makes of every way in which a suite can end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.project import Project


def test_measured_suites_are_stored_with_their_figures(project: Project) -> None:
    """A green profile ends with 0 and stores wall time, phases and the slowest tests of every suite."""
    done = project.profile()

    assert (done.returncode, project.entry("fast")["status"]) == (0, "measured"), done.stderr
    slow = project.entry("slow")
    assert (
        slow["wall_time_seconds"]
        > slow["tests"]["tests/test_slow.py::test_sleeps"]["call"]["duration"]
        >= 0.05
    )
    assert slow["outcomes"] == {"passed": 1}
    assert {"nodeid", "duration", "phase"} == {*slow["slow_tests"][0]}
    assert "tests/test_slow.py::test_sleeps" in done.stdout


def test_pytests_own_list_of_durations_stays_on_screen(project: Project) -> None:
    """The user sees what `--durations` prints, and the figures don't come from it."""
    done = project.profile("slow")

    assert "slowest 25 durations" in done.stderr
    assert re.search(r"\d\.\d\ds call     tests/test_slow\.py::test_sleeps", done.stderr)


def test_a_suite_may_be_all_tests_in_some_paths(project: Project) -> None:
    """Where a project has no markers, a folder or file is gated and profiled as a suite."""
    project.configure("[tool.paceline.suite.slow]\nmarker = ''\npaths = ['tests/test_slow.py']\n")

    done = project.profile()
    gated = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "paceline", "-rs"],
        cwd=project.root,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert project.entry("slow")["outcomes"] == {"passed": 1}
    assert project.entry("slow")["command"] == "python -m pytest --slow --durations=25 tests/test_slow.py"
    assert "tests/test_slow.py:5: opt-in suite, run it with: pytest --slow" in gated.stdout
    assert "3 passed, 1 skipped" in gated.stdout


def test_a_failing_test_loses_neither_its_suite_nor_the_next(project: Project) -> None:
    """Figures are stored with the status `tests_failed`, later suites still run, and the exit code is 1."""
    project.write(
        tests__test_red="import pytest\n@pytest.mark.fast\ndef test_red():\n    assert False, 'why'\n"
    )

    done = project.profile()

    assert done.returncode == 1
    fast = project.entry("fast")
    assert (fast["status"], fast["outcomes"]) == ("tests_failed", {"passed": 2, "failed": 1})
    assert fast["wall_time_seconds"] > 0
    assert fast["slow_tests"]
    assert project.entry("slow")["status"] == "measured"
    assert "AssertionError: why" in done.stdout


def test_a_suite_whose_tests_are_all_skipped_is_not_provisioned(project: Project) -> None:
    """Skipping fast is no speed-up: nothing is compared, null is stored with the reason."""
    project.write(
        tests__test_fast="import pytest\n"
        "pytestmark = [pytest.mark.fast, pytest.mark.skip(reason='no server')]\n"
        "def test_one(): pass\ndef test_two(): pass\n"
    )

    done = project.profile("fast")

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "not_provisioned")
    assert (entry["wall_time_seconds"], entry["reason"]) == (None, "no server")


def test_a_test_that_depends_on_another_is_named(project: Project) -> None:
    """What passes serially and fails in parallel is reported, with what was different."""
    project.configure("[tool.paceline.suite.fast]\nargs = ['-p', 'xdist']\ndist = 'load'\n")
    project.write(
        tests__test_fast="import pytest\npytestmark = pytest.mark.fast\nleft = []\n"
        "def test_leaves(): left.append(1)\ndef test_needs(): assert left\n"
    )
    project.profile("fast")

    done = project.profile("fast", "--workers", "2")

    assert done.returncode == 1
    assert "1 test ended differently than in the baseline (workers 0 → 2" in done.stdout
    assert "tests/test_fast.py::test_needs: passed → failed" in done.stdout


def test_a_missing_requirement_does_not_replace_figures(project: Project) -> None:
    """The measured entry stays as it was, and the file says that the newer attempt failed."""
    project.profile("fast")
    measured = project.entry("fast")
    skipping = "import pytest\n@pytest.mark.fast\ndef test_one(): pytest.skip('gone')\n"
    project.write(tests__test_fast=skipping)

    done = project.profile("fast")

    entry = project.entry("fast")
    attempt = entry.pop("last_attempt")
    measured.pop("last_attempt")
    assert entry == measured
    assert (attempt["status"], attempt["reason"]) == ("not_provisioned", "gone")
    assert done.returncode == 3
    assert "were kept" in done.stdout


def test_a_set_up_that_raises_for_every_test_is_a_provisioning_error(project: Project) -> None:
    """A broken migration is not a missing server."""
    project.write(
        tests__conftest="import pytest\n@pytest.fixture(scope='session')\ndef database():\n"
        "    raise RuntimeError('migration 7 is broken')\n",
        tests__test_fast="import pytest\n@pytest.mark.fast\ndef test_one(database): pass\n",
    )

    done = project.profile("fast")

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "provisioning_error")
    assert entry["reason"] == "RuntimeError: migration 7 is broken"


def test_a_marker_without_tests_is_said_to_have_none(project: Project) -> None:
    """No test is not a fast suite."""
    project.configure("[tool.paceline.suite.nothing]")

    done = project.profile()

    assert (done.returncode, project.entry("nothing")["status"]) == (3, "no_tests")
    assert "no test is selected by -m 'nothing'" in done.stdout


def test_a_test_file_that_cannot_be_imported_is_a_collection_error(project: Project) -> None:
    """The reason names the file and the error, and the other suite is still profiled."""
    project.configure(
        "[tool.paceline.suite.fast]\n[tool.paceline.suite.slow]\npaths = ['tests/test_slow.py']\n"
    )
    project.write(tests__test_broken="import no_such_module\n")

    done = project.profile()

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "collection_error")
    assert "tests/test_broken.py" in entry["reason"]
    assert "no_such_module" in entry["reason"]
    assert project.entry("slow")["status"] == "measured"


def test_a_broken_conftest_is_a_collection_error(project: Project) -> None:
    """pytest never begins to record; what it said is the reason."""
    project.write(conftest="raise RuntimeError('broken conftest')\n")

    done = project.profile("fast")

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "collection_error")
    assert "broken conftest" in entry["reason"]


@pytest.mark.parametrize("module", ["conftest", "tests__test_broken"])
def test_no_password_stands_in_the_reason_of_a_broken_module(project: Project, module: str) -> None:
    """Whether or not pytest got as far as to record: the reason is stored with the baseline."""
    project.write(**{module: "raise RuntimeError('no way to postgresql://ann:hush@localhost/shop')\n"})

    done = project.profile("fast")

    assert "ann:***@localhost" in project.entry("fast")["reason"]
    assert "hush" not in project.baseline_path.read_text()
    assert "hush" not in done.stderr


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("os._exit(7)", "exit code 7"), ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9")],
)
def test_a_test_that_kills_pytest_is_named(project: Project, ending: str, reason: str) -> None:
    """The tests that were collected and never reported are listed; those before it are kept."""
    project.write(
        tests__test_fast="import os, signal, pytest\npytestmark = pytest.mark.fast\n"
        f"def test_before(): pass\ndef test_deadly(): {ending}\ndef test_after(): pass\n"
    )

    done = project.profile("fast")

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "crashed")
    assert reason in entry["reason"]
    assert entry["unreported"] == ["tests/test_fast.py::test_deadly", "tests/test_fast.py::test_after"]
    assert "tests/test_fast.py::test_deadly" in done.stdout
    assert [test.nodeid for test in project.runs()[0].tests] == ["tests/test_fast.py::test_before"]


def test_a_run_in_which_nothing_moves_is_ended_and_its_tests_are_named(project: Project) -> None:
    """A hanging test costs the stall timeout, not the night."""
    project.write(
        tests__test_fast="import pytest, threading\npytestmark = pytest.mark.fast\n"
        "def test_before(): pass\ndef test_hangs(): threading.Event().wait(600)\n"
    )

    done = project.profile("fast", "--stall-timeout", "2")

    entry = project.entry("fast")
    assert (done.returncode, entry["status"]) == (3, "crashed")
    assert "nothing moved" in entry["reason"]
    assert entry["unreported"] == ["tests/test_fast.py::test_hangs"]


def test_a_worker_killed_under_loadscope_neither_hangs_the_profile_nor_hides_tests(project: Project) -> None:
    """pytest-xdist 3.8 hangs or loses tests then; the profile ends it and names what never reported."""
    project.configure("[tool.paceline.suite.fast]\nargs = ['-p', 'xdist']\n")
    project.write(
        tests__test_fast="import os, pytest\npytestmark = pytest.mark.fast\n"
        "class TestA:\n"
        "    def test_before(self): pass\n"
        "    def test_deadly(self): os._exit(1)\n"
        "    def test_after(self): pass\n"
        "class TestB:\n"
        "    def test_other(self): pass\n"
    )

    done = project.profile("fast", "--workers", "2", "--stall-timeout", "5")

    entry = project.entry("fast")
    assert done.returncode in (1, 3)
    assert entry["status"] in ("tests_failed", "crashed")
    (run,) = project.runs()
    assert run.collected is not None
    assert {*run.collected} == {test.nodeid for test in run.tests} | {*entry["unreported"]}
    crashed = {test.nodeid for test in run.tests if test.outcome == "crashed"}
    assert crashed == {"tests/test_fast.py::TestA::test_deadly"}


def test_workers_without_xdist_are_refused_with_what_to_install(project: Project, tmp_path: Path) -> None:
    """An option that can't be honoured is an error, not a serial run."""
    blocker = tmp_path / "blocked"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(
        "import sys\nfrom importlib.machinery import PathFinder\n"
        "class Blocked(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        return None if name == 'xdist' else super().find_spec(name, path, target)\n"
        "sys.meta_path = [Blocked if finder is PathFinder else finder for finder in sys.meta_path]\n"
    )

    done = project.profile("fast", "--workers", "2", PYTHONPATH=str(blocker))

    assert done.returncode == 2
    assert "(missing-dependency)" in done.stderr
    assert "pip install 'pytest-paceline[xdist]'" in done.stderr
