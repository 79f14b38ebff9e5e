"""What a suite may do to its process without spoiling what is recorded: a list, serially and with workers.

The suite of `hostile/` is run once in each way, with the plugins of a heavy suite beside it, and each
item of the list is looked up in what was recorded. Three items need a run of their own.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.recorded import SUBTESTS, Outcomes, RecordedProject, needs, phases
from tests.plugin.hostile import FILES, REAL
from tests.plugin.hostile.alone import CLOSES_DESCRIPTORS, CLOSES_PIPES_TOO
from tests.plugin.survived import GOOD, ITEMS, PHASES, Recorded, file_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the items need that isn't there with the lowest versions.
_NEEDS = {
    "frozen clock (freezegun)": ("freezegun",),
    "frozen clock (time-machine)": ("time_machine",),
    "engine of another thread": ("sqlalchemy",),
    "subtests": (SUBTESTS,),
    "async fixture (pytest-asyncio)": ("pytest_asyncio",),
    "async fixture (anyio)": ("anyio",),
    "pytest-cov, -timeout, -rerunfailures and -randomly": (
        "pytest_cov",
        "pytest_timeout",
        "pytest_rerunfailures",
        "pytest_randomly",
    ),
}
#: Only Linux says how much memory a process has mapped, and keeps to a limit of it.
_HERE = [item for item in ITEMS if item != "memory limit" or sys.platform == "linux"]
#: Plugins that run beside ours, by the name of their module.
_PLUGINS = {
    "pytest_cov": ("pytest_cov", "--cov=."),
    "pytest_timeout": ("timeout", "--timeout=60"),
    "pytest_rerunfailures": ("rerunfailures",),
    "pytest_randomly": ("randomly", "--randomly-seed=7"),
    "pytest_asyncio": ("asyncio",),
    "anyio": ("anyio",),
}
_WORKERS = ("-n2", "--dist=loadfile")


def _there(module: str) -> bool:
    try:
        needs(module)
    except pytest.skip.Exception:
        return False
    return True


@pytest.fixture(scope="module", params=[0, 2], ids=["serial", "-n 2"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The hostile suite, run once with every plugin that is there."""
    if request.param:
        needs("xdist")
    project = RecordedProject(tmp_path_factory.mktemp("hostile"))
    options = 'pythonpath = ["."]\nmarkers = ["flaky", "timeout", "asyncio", "anyio"]'
    project.configure(pytest_options=options)
    project.file("real.py", REAL)
    for item in _HERE:
        if all(map(_there, _NEEDS.get(item, ()))):
            project.file(file_of(item), FILES[item])
    beside = [names for module, names in _PLUGINS.items() if _there(module)]
    before = time.time()
    ended = project.pytest(
        "--doctest-modules",
        *("-W", "ignore"),  # our own warnings are shown all the same
        *(option for names in beside for option in names[1:]),
        *(_WORKERS if request.param else ()),
        plugins=(*(names[0] for names in beside), *(("xdist",) if request.param else ()), "paceline"),
        patience=300,  # many tests, on a machine that may be busy
    )
    return Recorded(ended, (before - 1, time.time() + 1))


@pytest.mark.parametrize("item", _HERE)
def test_the_suite_may_use(recorded: Recorded, item: str) -> None:
    """Outcomes are untouched, every phase is there once, with every value within reason."""
    needs(*_NEEDS.get(item, ()))
    bad, check = ITEMS[item]
    tests = recorded.tests(item)
    assert tests, recorded.ended.output
    assert {name: test.outcome for name, test in tests.items() if test.outcome != "passed"} == bad
    names = {metric.name for metric in recorded.ended.run.header.metrics}
    for name, test in tests.items():
        expected = PHASES.get(name, GOOD | ({"call": "failed"} if bad.get(name) == "failed" else {}))
        assert phases(test) == expected
        for phase in test.phases:
            assert set(phase.values) == names
            assert 0 <= phase.values["clean_time"] <= phase.values["duration"] < 60
            assert all(number >= 0 for number in phase.values.values())
            assert phase.start is not None
            assert recorded.between[0] < phase.start < recorded.between[1]
    check(recorded, tests)


def test_nothing_is_switched_off_by_all_of_it(recorded: Recorded) -> None:
    """No metric, no warning of ours; the run ends in good order with pytest's own counts."""
    run = recorded.ended.run
    assert "PacelineWarning" not in recorded.ended.output
    assert "switched off" not in recorded.ended.output
    assert run.metrics_off == ()
    assert run.end is not None
    assert run.end.exit_code == recorded.ended.ret == 1
    assert sorted(run.collected or ()) == sorted({test.nodeid for test in run.tests})


def _alone(project: RecordedProject, workers: str, *arguments: str) -> Outcomes:
    if workers:
        needs("xdist")
    return project.pytest(
        *(_WORKERS if workers else ()),
        *arguments,
        plugins=("xdist", "paceline") if workers else ("paceline",),
    )


@pytest.mark.parametrize("workers", ["", "-n 2"], ids=["serial", "-n 2"])
def test_the_suite_may_use_closed_descriptors(project: RecordedProject, workers: str) -> None:
    """Ours are opened again, and the test's own files aren't touched.

    A worker of pytest-xdist whose pipe is closed is lost with and without us: that test has crashed.
    """
    project.file("test_files.py", CLOSES_DESCRIPTORS)
    project.file("test_pipes.py", CLOSES_PIPES_TOO)
    ended = _alone(project, workers, "-s", *(["--max-worker-restart=0"] if workers else []))
    outcomes = ended.outcomes()
    closed = outcomes.pop("test_closes_all")
    assert closed == ("crashed" if workers else "passed")
    lost = {"test_after"} if workers else set()
    assert {name for name, outcome in outcomes.items() if outcome == "passed"} == {
        "test_before",
        "test_after",
        "test_closes_all_but_pipes",
        "test_reads_what_it_wrote",
    } - (lost - outcomes.keys())
    assert (project.root / "mine").read_text() == "precious"
    names = {metric.name for metric in ended.run.header.metrics}
    assert all(
        set(phase.values) == names
        for test in ended.run.tests
        for phase in test.phases
        if phase.outcome != "crashed"
    )
    assert ended.run.end is not None


@pytest.mark.parametrize("workers", ["", "-n 2"], ids=["serial", "-n 2"])
@pytest.mark.parametrize("option", ["--setup-only", "--collect-only"])
def test_the_suite_may_use_a_session_without_tests(
    project: RecordedProject, option: str, workers: str
) -> None:
    """There is nothing to record, and nothing to warn about."""
    project.file("test_it.py", "import pytest\n@pytest.fixture\ndef row(): pass\ndef test_it(row): pass\n")
    ended = _alone(project, workers, option)
    assert ended.ret == 0, ended.output
    assert not ended.path.exists()
    assert "warning" not in ended.stdout.splitlines()[-1]


def test_every_item_is_tested() -> None:
    """The files of the suite are the items of the list, and the page that promises them says the same."""
    assert list(FILES) == list(ITEMS)
    page = (Path(__file__).parents[2] / "docs/explanation/how-recording-works.md").read_text()
    promised = re.findall(
        r"^\| ([^|]+?) \| ", page.partition("## What a suite may do")[2], flags=re.MULTILINE
    )
    alone: Sequence[str] = ["closed file descriptors", "`--setup-only`", "`--collect-only`"]
    assert [item for item in promised if item not in ("a suite may have", "---")] == [*ITEMS, *alone]
