"""What is recorded of a run that goes as it should, in one process and in several."""

from __future__ import annotations

import gzip
import os
import time

import pytest
from tests.harness.recorded import RecordedProject, every_phase, needs, phases, short

from paceline.model.status import status_of
from paceline.store.run_file import read_run

_MIXED = """
import pytest, unittest

pytestmark = pytest.mark.module_level

def test_passes(): pass

@pytest.mark.own
@pytest.mark.parametrize("n", [1, 2])
def test_sizes(n): pass

def test_fails(): assert 1 == 2

@pytest.fixture
def broken(): raise ValueError("no server")

@pytest.fixture
def breaks_later():
    yield
    raise ValueError("still in use")

@pytest.fixture
def skips(): pytest.skip("not today")

def test_error_in_setup(broken): pass
def test_error_in_teardown(breaks_later): pass
def test_skipped_in_setup(skips): pass
def test_skipped_in_call(): pytest.skip("half way")

@pytest.mark.skip(reason="by mark")
def test_skipped_by_mark(): pass

@pytest.mark.xfail(reason="known")
def test_xfails(): assert False

@pytest.mark.xfail(strict=False)
def test_xpasses(): pass

@pytest.mark.xfail(strict=True, reason="should fail")
def test_xpasses_strictly(): pass

@pytest.mark.xfail(run=False)
def test_not_run(): pass

class Case(unittest.TestCase):
    def setUp(self): self.ready = True
    def test_case(self): self.assertTrue(self.ready)
    def test_case_skips(self): self.skipTest("case")
"""
_MIXED_OUTCOMES = {
    "test_passes": "passed",
    "test_sizes[1]": "passed",
    "test_sizes[2]": "passed",
    "test_fails": "failed",
    "test_error_in_setup": "error",
    "test_error_in_teardown": "error",
    "test_skipped_in_setup": "skipped",
    "test_skipped_in_call": "skipped",
    "test_skipped_by_mark": "skipped",
    "test_xfails": "xfailed",
    "test_xpasses": "xpassed",
    "test_xpasses_strictly": "failed",
    "test_not_run": "xfailed",
    "Case::test_case": "passed",
    "Case::test_case_skips": "skipped",
}


def test_every_outcome_is_recorded_by_phase(project: RecordedProject) -> None:
    """Set-up, call and tear-down of each kind of test, with the reason where it didn't pass."""
    project.file("test_mixed.py", _MIXED)
    before = time.time()
    ended = project.pytest("-W", "ignore")
    after = time.time()
    assert ended.ret == 1
    assert ended.outcomes() == _MIXED_OUTCOMES
    good = {"setup": "passed", "call": "passed", "teardown": "passed"}
    assert phases(ended.test("test_passes")) == good
    assert phases(ended.test("test_fails")) == {**good, "call": "failed"}
    assert phases(ended.test("test_error_in_setup")) == {"setup": "failed", "teardown": "passed"}
    assert phases(ended.test("test_error_in_teardown")) == {**good, "teardown": "failed"}
    assert phases(ended.test("test_skipped_in_setup")) == {"setup": "skipped", "teardown": "passed"}
    reasons = {
        short(test.nodeid): phase.reason for test in ended.run.tests for phase in test.phases if phase.reason
    }
    assert reasons["test_fails"] == "AssertionError: assert 1 == 2"
    assert reasons["test_error_in_setup"] == "ValueError: no server"
    assert reasons["test_skipped_in_call"] == "half way"
    assert reasons["test_skipped_by_mark"] == "by mark"
    assert reasons["test_xfails"] == "known"
    sized = ended.test("test_sizes[1]")
    assert (sized.path, sized.lineno, sized.worker) == ("test_mixed.py", 7, "main")
    assert sized.markers == ("module_level", "own", "parametrize")
    for phase in every_phase(ended.run):
        assert set(phase.values) == {metric.name for metric in ended.run.header.metrics}
        assert phase.start is not None
        assert before - 1 < phase.start < after + 1
        for metric in ended.run.header.metrics:
            assert 0 <= phase.values[metric.name] < (after - before + 1 if metric.unit == "s" else 1e9)


def test_wall_and_cpu_time_are_told_apart(project: RecordedProject) -> None:
    """A sleep takes wall time only, and each phase is billed its own."""
    project.file(
        "test_it.py",
        """
import pytest, time

@pytest.fixture
def slow():
    time.sleep(0.3)
    yield
    time.sleep(0.2)

def test_it(slow): time.sleep(0.1)
""",
    )
    recorded = project.pytest().test("test_it")
    least = {"setup": 0.3, "call": 0.1, "teardown": 0.2}
    for phase in recorded.phases:
        assert phase.values["duration"] >= least[phase.phase] - 0.01
        assert phase.values["cpu_time"] < 0.09


def test_the_header_says_how_the_run_was_made(project: RecordedProject) -> None:
    """Arguments from all three sources, paths, patterns, round and suite."""
    project.configure(
        pytest_options='addopts = "-ra --tb=short"\npython_files = "check_*.py"\ntestpaths = ["t"]'
    )
    project.file(
        "t/check_it.py", "import pytest\n@pytest.mark.own\ndef test_it(): pass\ndef test_other(): pass\n"
    )
    ended = project.pytest(
        "-m",
        "own",
        "--paceline-suite=mine",
        "--paceline-round=3",
        "-W",
        "ignore",
        env={"PYTEST_ADDOPTS": "-v"},
    )
    header = ended.run.header
    assert header.arguments.addopts == ("-ra", "--tb=short")
    assert header.arguments.environment == "-v"
    assert header.arguments.command_line[-7:-4] == ("--paceline-out=run.jsonl", "-m", "own")
    assert header.arguments.marker_expression == "own"
    assert header.arguments.paths == ("t",)
    assert (header.test_patterns, header.test_paths) == (("check_*.py",), ("t",))
    assert (header.suite, header.round) == ("mine", 3)
    assert (header.workers, header.dist, header.seed) == (0, None, None)
    assert header.environment
    assert header.environment.pytest == pytest.__version__
    assert header.revision is None
    assert ended.run.collected == ("t/check_it.py::test_it",)
    assert ended.run.deselected == 1


@pytest.mark.parametrize("also", [(), ("--deselect=test_it.py::test_d",)])
def test_deselected_tests_are_counted_over_all_plugins(
    project: RecordedProject, also: tuple[str, ...]
) -> None:
    """`-m`, `-k` and `--deselect` each deselect some, even when nothing is left to carry the number."""
    source = "import pytest\n@pytest.mark.own\ndef test_a(): pass\n@pytest.mark.own\ndef test_b(): pass\n"
    project.file("test_it.py", f"{source}def test_c(): pass\n@pytest.mark.own\ndef test_d(): pass\n")
    few = project.pytest("-m", "own", "-k", "not test_b", "-W", "ignore", *also)
    assert few.run.deselected == few.summary["deselected"] == 2 + len(also)
    none = project.pytest("-m", "own", "-k", "test_c", "-W", "ignore", out="none.jsonl")
    assert none.run.deselected == 4
    assert (none.ret, status_of(none.run)) == (5, "no_tests")


def test_spans_add_up_to_the_process(project: RecordedProject) -> None:
    """Start-up, configuration, collection, tests and finish happen once each, within the process's life."""
    project.file("test_it.py", "import time; time.sleep(0.2)\ndef test_it(): time.sleep(0.1)\n")
    started = time.monotonic()
    run = project.pytest().run
    lived = time.monotonic() - started
    spans = {span.name: span for span in run.spans}
    assert [span.name for span in run.spans] == ["startup", "configure", "collection", "tests", "finish"]
    durations = [span.duration for span in run.spans if span.duration is not None]
    assert len(durations) == 5
    assert 0.3 < sum(durations) < lived + 0.02  # the start is known to 0.01 s
    assert (spans["collection"].duration or 0) > 0.19
    assert (spans["tests"].duration or 0) > 0.09
    assert all(span.cpu_time >= 0 for span in run.spans)


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_workers_lose_nothing(project: RecordedProject, dist: str) -> None:
    """With each way to distribute, every phase of every test is there once, with its worker."""
    needs("xdist")
    project.file(
        "test_mixed.py", _MIXED.replace("def test_passes", "@pytest.mark.xdist_group('g')\ndef test_passes")
    )
    project.file("test_more.py", "def test_more(): pass\n")
    ended = project.pytest("-n2", f"--dist={dist}", "-W", "ignore", plugins=("xdist", "paceline"))
    assert ended.outcomes() == {**_MIXED_OUTCOMES, "test_more": "passed"}
    run = ended.run
    assert (run.header.workers, run.header.dist) == (2, dist)
    assert sorted(run.collected or ()) == sorted(test.nodeid for test in run.tests)
    assert {test.worker for test in run.tests} <= {"gw0", "gw1"}
    assert {test.attempt for test in run.tests} == {1}
    for name in "startup", "configure", "collection", "tests":
        assert sorted(span.worker for span in run.spans if span.name == name) == ["gw0", "gw1", "main"]
    assert (ended.ret, status_of(run)) == (1, "tests_failed")


def test_every_worker_runs_every_test_with_dist_each(project: RecordedProject) -> None:
    """Two workers report phases of one node id at the same time."""
    needs("xdist")
    project.file("test_it.py", "import time\ndef test_it(): time.sleep(0.3)\ndef test_other(): pass\n")
    run = project.pytest("-n2", "--dist=each", plugins=("xdist", "paceline")).run
    assert sorted((short(test.nodeid), test.worker, test.outcome) for test in run.tests) == [
        (name, worker, "passed") for name in ("test_it", "test_other") for worker in ("gw0", "gw1")
    ]
    for test in run.tests:
        phases(test)


def test_zero_workers_is_serial(project: RecordedProject) -> None:
    """`-n0` runs in this process."""
    needs("xdist")
    project.file("test_it.py", "def test_it(): pass\n")
    run = project.pytest("-n0", plugins=("xdist", "paceline")).run
    assert (run.header.workers, run.header.dist) == (0, None)
    assert [test.worker for test in run.tests] == ["main"]


def test_the_plain_option_keeps_a_gzipped_file(project: RecordedProject) -> None:
    """`--paceline` writes below .paceline/runs, named by UTC time, and leaves only the gzipped file."""
    project.file("test_it.py", "def test_it(): pass\n")
    assert project.pytest("--paceline", out=None).ret == 0
    (path,) = (project.root / ".paceline" / "runs").iterdir()
    run = read_run(path)
    assert path.name == f"{run.header.run_id}.jsonl.gz"
    assert time.strftime("%Y%m%d", time.gmtime(run.header.started_at)) == run.header.run_id[:8]
    assert gzip.decompress(path.read_bytes()).endswith(b"\n")
    assert status_of(run) == "measured"


def test_an_existing_file_is_never_overwritten(project: RecordedProject) -> None:
    """The run isn't recorded, with one warning, and the file is as it was."""
    project.file("test_it.py", "def test_it(): pass\n")
    kept = project.file("run.jsonl", "precious")
    ended = project.pytest()
    assert ended.summary == {"passed": 1, "warnings": 1}
    assert kept.read_text() == "precious"


@pytest.mark.parametrize("option", ["--help", "--markers", "--fixtures", "--setup-plan"])
def test_a_session_that_runs_no_test_leaves_no_file(project: RecordedProject, option: str) -> None:
    """There is nothing to record, and nothing to warn about."""
    project.file("test_it.py", "def test_it(): pass\n")
    ended = project.pytest(option)
    assert ended.ret == 0
    assert not ended.path.exists()
    assert "warning" not in ended.stdout.splitlines()[-1]


def test_the_revision_is_recorded(project: RecordedProject) -> None:
    """Commit, branch and whether tracked files differ from it."""
    project.file("test_it.py", "import os\ndef test_it(): pass\n")
    for command in (
        "init -q -b trunk",
        "-c user.name=a -c user.email=a@b commit -q --allow-empty -m first",
        "add test_it.py",
    ):
        assert os.system(f"git -C '{project.root}' {command}") == 0
    revision = project.pytest().run.header.revision
    assert revision is not None
    assert (revision.branch, revision.dirty, len(revision.commit)) == ("trunk", True, 40)
