"""`paceline doctor`: what would run, what can't work, and how the command ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.harness.project import Project

from paceline.report.words import DASH


def examined(project: Project, *arguments: str, code: int = 0, **variables: str) -> dict[str, Any]:
    """Return what `paceline doctor --format json` says; it must end with `code`."""
    done = project.paceline("doctor", "--format", "json", *arguments, timeout=60, **variables)
    assert code == done.returncode, done.stdout + done.stderr
    diagnosis: dict[str, Any] = json.loads(done.stdout)
    return diagnosis


def findings(diagnosis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the findings by slug; the same slug twice is an error."""
    found = {finding["slug"]: finding for finding in diagnosis["findings"]}
    assert len(found) == len(diagnosis["findings"]), diagnosis["findings"]
    return found


def suites(diagnosis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the suites by name."""
    return {suite["name"]: suite for suite in diagnosis["suites"]}


def test_a_healthy_project_has_no_findings(project: Project) -> None:
    """Every suite is ready, with its number of tests and the owner of its flag."""
    diagnosis = examined(project, PYTEST_ADDOPTS="-p paceline", PYTEST_DISABLE_PLUGIN_AUTOLOAD="")

    assert [] == diagnosis["findings"]
    assert {
        name: (suite["tests"], suite["ready"], suite["owner"]) for name, suite in suites(diagnosis).items()
    } == {
        "fast": (2, True, "paceline"),
        "slow": (1, True, "paceline"),
    }
    assert diagnosis["database"] is None
    assert not (project.root / "perf_metrics").exists()
    assert not (project.root / ".paceline").exists()


def test_the_text_has_a_table_of_suites_and_no_colours(project: Project) -> None:
    """Where there is no terminal, the text is plain."""
    done = project.paceline("doctor", PYTEST_DISABLE_PLUGIN_AUTOLOAD="")

    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["fast", "yes", "2", "0", "fast", "--fast", "Paceline", "none", DASH] in rows
    assert "Every suite can be measured" in done.stdout


def test_help_teaches(project: Project) -> None:
    """It shows what to type and what the exit codes mean."""
    done = project.paceline("doctor", "--help")

    assert "paceline doctor --suite schema --start" in done.stdout
    assert "3 some suite can't be measured" in " ".join(done.stdout.split())


def test_a_suite_without_tests_can_not_be_measured(project: Project) -> None:
    """It is named with its marker; the others are ready, and can be asked for alone."""
    project.configure("[tool.paceline.suite.fast]\n[tool.paceline.suite.lost]\n")

    diagnosis = examined(project, code=3)

    assert findings(diagnosis)["no-tests"]["what"] == (
        "no test belongs to suite 'lost': none has the marker 'lost'"
    )
    assert {name: suite["ready"] for name, suite in suites(diagnosis).items()} == {
        "fast": True,
        "lost": False,
    }
    assert examined(project, "--suite", "fast")["suites"][0]["name"] == "fast"


def test_a_wrong_configuration_ends_with_two(project: Project) -> None:
    """As everywhere: an unknown key, and an unknown suite."""
    assert project.paceline("doctor", "--suite", "fats").returncode == 2
    project.configure("[tool.paceline.suite.fast]\nmarkr = 'x'\n")
    done = project.paceline("doctor")
    assert done.returncode == 2
    assert "Did you mean 'marker'?" in done.stderr


def test_marks_that_do_nothing_are_named(project: Project) -> None:
    """F16 and its relatives, each at its place, all in one run."""
    project.configure("[tool.paceline.suite.fast]\nworkers = 2\n[tool.paceline.suite.slow]\n")
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('markers = ["dusty: nobody has it"]\n')
    project.write(
        tests__conftest="""
import pytest
pytestmark = [pytest.mark.fast]

@pytest.fixture
def wanted():
    pass

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "test_late":
            item.add_marker(pytest.mark.usefixtures("wanted"))
""",
        tests__test_marks="""
import pytest

@pytest.mark.fast
def test_late():
    pass

@pytest.mark.fast("clone", isolaton="none")
def test_arguments():
    pass

@pytest.mark.fast
@pytest.mark.xdist_group("one")
def test_grouped():
    pass

@pytest.mark.slwo
def test_typo():
    pass

@pytest.mark.whatever
def test_unregistered():
    pass

@pytest.mark.fast
async def test_async():
    pass
""",
    )

    diagnosis = examined(project, PYTEST_ADDOPTS="-p xdist.plugin")

    by_slug: dict[str, list[dict[str, Any]]] = {}
    for finding in diagnosis["findings"]:
        by_slug.setdefault(finding["slug"], []).append(finding)
    assert {slug: [finding["where"] for finding in found] for slug, found in by_slug.items()} == {
        "plugin-not-loaded": [[]],
        "conftest-pytestmark": [["tests/conftest.py"]],
        "late-usefixtures": [["tests/test_marks.py:4"]],
        "marker-arguments": [["tests/test_marks.py:8"], ["tests/test_marks.py:8"]],
        "xdist-group": [["tests/test_marks.py:12"]],
        "marker-typo": [["tests/test_marks.py:17"]],
        "marker-not-registered": [["tests/test_marks.py:21"]],
        "marker-without-tests": [[]],
        "unsupported-test": [["tests/test_marks.py:25"]],
    }
    assert "Did you mean 'isolation'?" in {each["remedy"] for each in by_slug["marker-arguments"]}
    assert by_slug["marker-typo"][0]["remedy"] == "Did you mean 'slow'?"
    assert "dusty" in by_slug["marker-without-tests"][0]["what"]
    assert "--dist=loadscope" in by_slug["xdist-group"][0]["what"]


def test_marks_that_work_are_not_accused(project: Project) -> None:
    """The same marks where they do what they say."""
    project.configure(
        '[tool.paceline.suite.fast]\nworkers = 2\ndist = "loadgroup"\n[tool.paceline.suite.slow]\n'
    )
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('markers = ["worn: a test has it"]\n')
    project.write(
        tests__conftest="""
import pytest

@pytest.fixture
def wanted():
    pass

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "test_marked_late":
            item.add_marker(pytest.mark.fast)
""",
        tests__test_marks="""
import unittest
import pytest

pytestmark = pytest.mark.worn

def test_marked_late():
    pass

@pytest.mark.fast(isolation="none")
@pytest.mark.usefixtures("wanted")
@pytest.mark.xdist_group("one")
def test_marked():
    pass

@pytest.mark.fast
@pytest.mark.asyncio
async def test_async():
    pass

@pytest.mark.fast
class TestOld(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        pass
""",
    )

    diagnosis = examined(project, PYTEST_ADDOPTS="-p xdist.plugin -p pytest_asyncio.plugin")

    assert {"plugin-not-loaded"} == set(findings(diagnosis))
    assert suites(diagnosis)["fast"]["tests"] == 6


def test_an_isolation_that_is_not_one_is_found_before_the_run(project: Project) -> None:
    """pytest itself ends there; the doctor says where, and for every test."""
    project.write(
        tests__test_mode="""
import pytest

@pytest.mark.fast(isolation="clones")
def test_mode():
    pass

@pytest.mark.fast(isolation="clones")
def test_mode_too():
    pass
"""
    )

    found = findings(examined(project, code=3))

    assert found["marker-isolation"]["where"] == ["tests/test_mode.py:4", "tests/test_mode.py:8"]
    assert found["marker-isolation"]["remedy"] == "Did you mean 'clone'?"
    assert any("isolation='clones'" in line for line in found["collection"]["where"])


def test_tests_that_are_skipped_are_counted_with_their_reasons(project: Project) -> None:
    """A suite whose tests are all skipped can't be measured; one with some left can."""
    project.write(
        tests__test_skips="""
import pytest

@pytest.mark.fast
@pytest.mark.skipif("1 == 1", reason="no such machine")
def test_if():
    pass

@pytest.mark.fast
@pytest.mark.skipif("1 == 2", reason="never")
def test_not():
    pass
""",
        tests__test_slow="""
import pytest

@pytest.mark.slow
@pytest.mark.skip(reason="later")
def test_sleeps():
    pass
""",
    )

    diagnosis = examined(project, code=3)

    skips = {tuple(each["suites"]): each for each in diagnosis["findings"] if each["slug"] == "skipped"}
    assert skips["fast",]["severity"] == "note"
    assert skips["fast",]["what"].endswith("by their own markers: no such machine (1)")
    assert skips["slow",]["severity"] == "error"
    assert {name: suite["skipped"] for name, suite in suites(diagnosis).items()} == {"fast": 1, "slow": 1}
    assert {name: suite["ready"] for name, suite in suites(diagnosis).items()} == {
        "fast": True,
        "slow": False,
    }


def test_tests_that_no_flag_reaches_are_named(project: Project) -> None:
    """Two gates before one test, a folder outside of the paths, an expression in addopts."""
    project.configure('[tool.paceline.suite.fast]\npaths = ["tests"]\n[tool.paceline.suite.slow]\n')
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('addopts = ["-m", "not slow"]\n')
    project.write(
        tests__test_both="""
import pytest

@pytest.mark.fast
@pytest.mark.slow
def test_both():
    pass
""",
        more__test_outside="""
import pytest

@pytest.mark.fast
def test_outside():
    pass
""",
    )

    diagnosis = examined(project)

    where = {(each["slug"], *each["suites"]): each["where"] for each in diagnosis["findings"]}
    assert where["closed-gate", "fast"] == ["tests/test_both.py:4"]
    assert where["closed-gate", "slow"] == ["tests/test_both.py:4"]
    assert where["outside-paths", "fast"] == ["more/test_outside.py:4"]
    assert where["deselected", "slow"] == ["tests/test_both.py:4", "tests/test_slow.py:5"]


def test_a_flag_of_the_project_is_told_from_ours(project: Project) -> None:
    """A switch is fine; an option with a value can't be a suite's flag."""
    project.write(
        conftest="""
def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true")
"""
    )
    assert suites(examined(project))["fast"]["owner"] == "project"
    project.write(
        conftest="""
def pytest_addoption(parser):
    parser.addoption("--slow", default=None)
"""
    )

    diagnosis = examined(project, code=3)

    assert findings(diagnosis)["flag-not-a-switch"]["suites"] == ["slow"]
    assert {name: suite["ready"] for name, suite in suites(diagnosis).items()} == {
        "fast": True,
        "slow": False,
    }


def test_a_broken_conftest_is_shown(project: Project) -> None:
    """Nothing is known about the tests then, and what pytest said is."""
    project.write(conftest="import nowhere_to_be_found\n")

    diagnosis = examined(project, code=3)

    found = findings(diagnosis)["collection"]
    assert any("nowhere_to_be_found" in line for line in found["where"])
    assert {suite["tests"] for suite in diagnosis["suites"]} == {None}
    text = project.paceline("doctor")
    assert text.returncode == 3
    assert "nowhere_to_be_found" in text.stdout


def test_a_broken_test_module_is_shown(project: Project) -> None:
    """With its error; the other modules are looked at all the same."""
    project.write(tests__test_broken="import nowhere_to_be_found\n")

    diagnosis = examined(project, code=3)

    found = findings(diagnosis)["collection"]
    assert found["where"] == ["tests/test_broken.py"]
    assert "No module named 'nowhere_to_be_found'" in found["what"]
    assert suites(diagnosis)["fast"]["tests"] == 2


def test_suites_with_arguments_of_their_own_are_collected_apart(project: Project) -> None:
    """Each is seen as it would run, also where its environment decides what there is."""
    project.configure(
        '[tool.paceline.suite.fast]\nargs = ["--deselect", "tests/test_fast.py::test_one"]\n'
        '[tool.paceline.suite.slow]\nenv = { MORE = "1" }\n'
    )
    project.write(
        tests__test_env="""
import os
import pytest

if os.environ.get("MORE"):
    @pytest.mark.slow
    def test_more():
        pass
"""
    )

    diagnosis = examined(project)

    assert {name: suite["tests"] for name, suite in suites(diagnosis).items()} == {"fast": 1, "slow": 2}


def test_two_plugins_that_break_each_other_are_known(project: Project, tmp_path: Path) -> None:
    """By the versions that are installed."""
    other = tmp_path / "site"
    for name, version in (("pytest_rerunfailures", "16.0"), ("pytest_xdist", "3.8.0")):
        folder = other / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    diagnosis = examined(project, PYTHONPATH=str(other))

    found = findings(diagnosis)["broken-together"]
    assert found["severity"] == "warning"
    assert found["what"].startswith("pytest-rerunfailures 16.0 breaks pytest-xdist 3.8.0")
    project.configure("[tool.paceline.suite.fast]\nworkers = 2\n")
    assert not examined(project, code=3, PYTHONPATH=str(other))["suites"][0]["ready"]


def test_an_interrupt_ends_pytest_as_well(project: Project) -> None:
    """Ctrl-C while pytest collects: 130, nothing on standard output, and no process left."""
    project.write(
        conftest="""
import os, pathlib, time
pathlib.Path("pid").write_text(str(os.getpid()))
time.sleep(60)
"""
    )
    command = [sys.executable, "-m", "paceline", "doctor"]
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = project.root / "pid"
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, "")
    assert error.strip() == "paceline: interrupted"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_plugin_that_a_plain_pytest_does_not_load_is_told(project: Project) -> None:
    """By the environment or by addopts; the doctor itself loads it all the same."""
    assert findings(examined(project))["plugin-not-loaded"]["what"].startswith(
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    )
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('addopts = ["-p", "no:paceline"]\n')

    diagnosis = examined(project, PYTEST_DISABLE_PLUGIN_AUTOLOAD="")

    assert findings(diagnosis)["plugin-not-loaded"]["what"].startswith("addopts has -p no:paceline")
    assert suites(diagnosis)["fast"]["tests"] == 2


def test_workers_in_addopts_do_not_hide_the_tests(project: Project) -> None:
    """The collection happens in one process."""
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('addopts = ["-p", "xdist.plugin", "-n", "2", "--dist=loadfile"]\n')
    project.write(
        tests__test_group="""
import pytest

@pytest.mark.fast
@pytest.mark.xdist_group("a")
def test_it():
    pass
"""
    )

    diagnosis = examined(project)

    assert suites(diagnosis)["fast"]["tests"] == 3
    assert (
        findings(diagnosis)["xdist-group"]["what"]
        == "xdist_group does nothing: pytest runs with --dist=loadfile"
    )


def test_tests_that_a_conftest_takes_out_are_counted(project: Project) -> None:
    """Also by one that doesn't tell pytest."""
    project.write(conftest="def pytest_collection_modifyitems(items):\n    items[:] = items[:2]\n")

    found = findings(examined(project, code=3))["no-tests"]

    assert found["what"].endswith(
        "none has the marker 'slow'; a conftest or plugin has taken 2 of the collected tests out"
    )


def test_a_flag_that_a_deep_conftest_defines_is_explained(project: Project) -> None:
    """pytest reads that conftest when the flag is there already."""
    project.write(
        lib__inner__conftest="def pytest_addoption(parser):\n    parser.addoption('--fast')\n",
        lib__inner__test_inner="def test_inner():\n    pass\n",
    )

    found = findings(examined(project, code=3))["collection"]

    assert found["where"] == ["lib/inner"]
    assert found["remedy"].startswith("Define the option in the conftest of the root folder")
