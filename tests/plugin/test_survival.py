"""Processes that die, are stopped, or can't write: what was recorded stays, the outcome is untouched."""

from __future__ import annotations

import json
import signal
from bisect import bisect_right
from itertools import accumulate

import pytest
from tests.harness.recorded import OUT, RecordedProject, needs, phases, short

from paceline.model.run import Run
from paceline.model.status import final_attempts, status_of, unreported
from paceline.store.run_file import parse_run

_XDIST = ("xdist", "paceline")
#: Ends the process in the given way; the set-up has been reported by then.
_DIES = """
import os, signal, sys, time
import pytest

def test_a(): pass
def test_b(): pass
def test_dies():
    {how}
def test_c(): pass
def test_d(): pass
"""
_EXIT = "os._exit(7)"
_KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def _names(run: Run) -> list[str]:
    return sorted(short(test.nodeid) for test in run.tests)


@pytest.mark.parametrize("dist", ["load", "worksteal"])
@pytest.mark.parametrize("how", [_EXIT, _KILL])
def test_a_worker_that_dies_loses_only_the_test_it_ran(project: RecordedProject, how: str, dist: str) -> None:
    """The set-up before is kept, and the crash is recorded with its worker."""
    needs("xdist")
    for name in "a", "b", "c":
        project.file(f"test_{name}.py", f"def test_{name}(): pass\n")
    project.file("test_dies.py", f"import os, signal\ndef test_dies(): {how}\n")
    ended = project.pytest("-n2", f"--dist={dist}", plugins=_XDIST)
    assert ended.outcomes() == {
        "test_a": "passed",
        "test_b": "passed",
        "test_c": "passed",
        "test_dies": "crashed",
    }
    for test in ended.run.tests:
        if short(test.nodeid) == "test_dies":
            assert phases(test) == {"setup": "passed", "call": "crashed"}
            assert test.phases[0].values["duration"] >= 0
            assert test.worker in ("gw0", "gw1", "gw2")
            assert test.path == "test_dies.py"
            assert f"worker {test.worker!r} crashed" in (test.phases[-1].reason or "")
    assert status_of(ended.run) == "tests_failed"
    assert unreported(ended.run) == ()


def test_a_dead_worker_is_known_although_loadscope_hangs(project: RecordedProject) -> None:
    """pytest-xdist 3.8 waits for ever after it; by then the crash is in the file."""
    needs("xdist")
    project.file("test_a.py", "def test_a(): pass\n")
    project.file("test_dies.py", "import os\ndef test_dies(): os._exit(1)\n")

    def written() -> bool:
        path = project.root / OUT
        text = path.read_text() if path.exists() else ""
        return text.count('{"kind":"test"') == 2

    ended = project.interrupt("-n2", "--dist=loadscope", plugins=_XDIST, by=signal.SIGKILL, when=written)
    assert ended.outcomes() == {"test_a": "passed", "test_dies": "crashed"}
    assert phases(ended.test("test_dies")) == {"setup": "passed", "call": "crashed"}


def test_a_worker_that_dies_in_setup_and_is_replaced(project: RecordedProject) -> None:
    """The replacement's tests and spans are recorded under its own name."""
    needs("xdist")
    project.file(
        "test_it.py",
        "import os, pytest\n@pytest.fixture\ndef dies(): os._exit(1)\n"
        "def test_dies(dies): pass\n" + "".join(f"def test_{n}(): pass\n" for n in range(4)),
    )
    ended = project.pytest("-n1", plugins=_XDIST)
    assert phases(ended.test("test_dies")) == {"setup": "crashed"}
    assert {test.worker for test in ended.run.tests} == {"gw0", "gw1"}
    assert ended.run.collected is not None
    assert len(ended.run.collected) == 5
    assert {span.worker for span in ended.run.spans} == {"main", "gw1"}
    assert ended.ret == 1


def test_a_crashed_test_that_is_run_again_is_another_attempt(project: RecordedProject) -> None:
    """pytest-rerunfailures runs it in the replacement."""
    needs("xdist", "pytest_rerunfailures")
    project.file(
        "test_it.py",
        "import os, pathlib\ndef test_dies():\n    flag = pathlib.Path('died')\n"
        "    if not flag.exists():\n        flag.touch()\n        os._exit(1)\n",
    )
    ended = project.pytest("-n1", "--reruns=1", plugins=("xdist", "rerunfailures", "paceline"))
    last = final_attempts(ended.run)
    assert ended.run.tests[0].outcome == "crashed"
    assert [test.attempt for test in ended.run.tests] == list(range(1, len(ended.run.tests) + 1))
    assert len(last) == 1


@pytest.mark.parametrize("how", [_EXIT, _KILL])
def test_a_process_that_dies_keeps_whole_lines(project: RecordedProject, how: str) -> None:
    """Every test that had ended is there; the file alone says `interrupted`."""
    project.file("test_it.py", _DIES.format(how=how))
    ended = project.pytest()
    assert ended.ret in (7, -signal.SIGKILL)
    assert _names(ended.run) == ["test_a", "test_b"]
    assert [short(name) for name in unreported(ended.run)] == ["test_dies", "test_c", "test_d"]
    assert (ended.run.end, status_of(ended.run)) == (None, "interrupted")


_WAITS = """
import pathlib, time

def test_a(): pass
def test_waits():
    pathlib.Path("now").touch()
    time.sleep(60)
def test_c(): pass
"""


def test_a_killed_controller_keeps_whole_lines(project: RecordedProject) -> None:
    """SIGKILL leaves no chance to write anything more."""
    needs("xdist")
    project.file("test_it.py", _WAITS)
    ended = project.interrupt("-n1", plugins=_XDIST, by=signal.SIGKILL, group=False)
    assert ended.ret == -signal.SIGKILL
    assert _names(ended.run) == ["test_a"]
    assert ended.run.collected is not None
    assert status_of(ended.run) == "interrupted"


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("group", [True, False])
def test_ctrl_c_keeps_what_had_run(project: RecordedProject, workers: int, group: bool) -> None:
    """The closing line is written with pytest's exit code."""
    if workers:
        needs("xdist")
    project.file("test_it.py", _WAITS)
    arguments = (f"-n{workers}",) if workers else ()

    def waiting() -> bool:
        recorded = (project.root / OUT).read_text() if (project.root / OUT).exists() else ""
        return (project.root / "now").exists() and '"kind":"test","nodeid":"test_it.py::test_a"' in recorded

    ended = project.interrupt(
        *arguments,
        plugins=_XDIST if workers else ("paceline",),
        by=signal.SIGINT,
        group=group,
        when=waiting,
    )
    assert ended.ret == 2
    run = ended.run
    assert (run.end and run.end.exit_code, status_of(run)) == (2, "interrupted")
    recorded = {short(test.nodeid): test.outcome for test in run.tests}
    assert recorded["test_a"] == "passed"
    assert recorded["test_waits"] == "incomplete"
    assert phases(ended.test("test_waits")) == {"setup": "passed"}


_HELD = """
import os, pathlib, signal, time

def pytest_runtest_logstart(nodeid):
    if nodeid.endswith("test_waits") and "PYTEST_XDIST_WORKER" not in os.environ:
        while not pathlib.Path("now").exists(): time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)
"""


def test_ctrl_c_keeps_what_the_controller_had_not_read_yet(project: RecordedProject) -> None:
    """The set-up was reported before the test began: a controller that is behind still records it."""
    needs("xdist")
    project.file("test_it.py", _WAITS)
    project.file("conftest.py", _HELD)
    ended = project.interrupt("-n1", plugins=_XDIST, by=signal.SIGCONT, group=False)
    assert ended.ret == 2
    assert ended.outcomes() == {"test_a": "passed", "test_waits": "incomplete"}
    assert phases(ended.test("test_waits")) == {"setup": "passed"}


@pytest.mark.parametrize("workers", [0, 2])
def test_maxfail_ends_the_run_in_good_order(project: RecordedProject, workers: int) -> None:
    """What hadn't run is known from the collected tests."""
    if workers:
        needs("xdist")
    tests = "".join(f"def test_{n}(): pass\n" for n in range(30))
    project.file("test_it.py", f"def test_fails(): assert False\n{tests}")
    arguments = (f"-n{workers}", "--maxfail=1") if workers else ("--maxfail=1",)
    ended = project.pytest(*arguments, plugins=_XDIST if workers else ("paceline",))
    assert ended.outcomes()["test_fails"] == "failed"
    assert ended.run.end is not None
    assert ended.run.end.exit_code == ended.ret
    assert len(unreported(ended.run)) == 31 - len(ended.run.tests)
    assert status_of(ended.run) == ("interrupted" if workers else "tests_failed")


def test_an_early_exit_without_failure_is_not_measured(project: RecordedProject) -> None:
    """`pytest.exit(returncode=0)` looks like success; the tests that didn't run say otherwise."""
    project.file(
        "test_it.py", "import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('done', returncode=0)\n"
    )
    ended = project.pytest()
    assert ended.ret == 0
    assert status_of(ended.run) == "interrupted"


def test_a_forked_child_that_falls_through_writes_nothing(project: RecordedProject) -> None:
    """A child that goes on through the session shares the open file with its parent."""
    project.file(
        "test_it.py",
        "import os\ndef test_forks():\n    child = os.fork()\n"
        "    if child: os.waitpid(child, 0)\n    else: raise RuntimeError\n"
        "def test_b(): pass\n",
    )
    ended = project.pytest("--paceline", out=None, plugins=("paceline",))
    assert ended.ret == 0
    (path,) = (project.root / ".paceline" / "runs").iterdir()
    assert path.name.endswith(".gz")
    run = project.pytest(out="other.jsonl").run
    assert {short(test.nodeid): test.outcome for test in run.tests} == {
        "test_forks": "passed",
        "test_b": "passed",
    }
    assert len(run.tests) == 2


def test_a_file_that_is_cut_anywhere_is_read_up_to_its_last_whole_line(project: RecordedProject) -> None:
    """At every single byte, the reader gives the whole lines and never raises."""
    # Little in each line, and every kind of line: each byte costs a reading of the file.
    project.file(
        "test_it.py",
        "import pytest, time\n@pytest.fixture(scope='module')\ndef server(): time.sleep(0.001)\n"
        "@pytest.mark.parametrize('n', range(3))\ndef test_it(server, n): pass\n",
    )
    content = project.pytest("--paceline-metrics=clean_time").path.read_bytes()
    lines = content.splitlines(keepends=True)
    whole = parse_run(content, OUT)
    assert (len(whole.tests), len(whole.costs.fixtures)) == (3, 1)
    ends = list(accumulate(len(line) for line in lines))
    of_tests = [end for end, line in zip(ends, lines, strict=True) if json.loads(line)["kind"] == "test"]
    for cut in range(ends[0], len(content)):
        run = parse_run(content[:cut], OUT)
        assert run.tests == whole.tests[: bisect_right(of_tests, cut)]
        assert status_of(run) == "interrupted"


_MANY = """
import pytest

@pytest.mark.parametrize("n", range(12))
def test_it(n): pass
"""


@pytest.mark.parametrize("strict", [(), ("-W", "error"), ("-o", "filterwarnings=error")])
@pytest.mark.parametrize("out", ["file/run.jsonl", "/proc/run.jsonl", "/dev/full"])
def test_a_target_that_cant_be_written_changes_nothing(
    project: RecordedProject, out: str, strict: tuple[str, ...]
) -> None:
    """One warning; the same exit code and the same counts."""
    project.file("file", "")
    project.file("test_it.py", f"{_MANY}\ndef test_fails(): assert False\n")
    ended = project.pytest(*strict, out=out)
    assert ended.ret == 1
    assert ended.summary == {"failed": 1, "passed": 12, "warnings": 1}
    assert ended.stdout.count("PacelineWarning") == 1


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("limit", [1200, 4000])
def test_a_disk_that_fills_up_changes_nothing(project: RecordedProject, limit: int, workers: int) -> None:
    """What was written until then is whole lines; one warning, the same exit code and counts."""
    if workers:
        needs("xdist")
    project.file("test_it.py", _MANY)
    arguments = (f"-n{workers}",) if workers else ()
    ended = project.pytest(
        *arguments, "-W", "error", plugins=_XDIST if workers else ("paceline",), limit_bytes=limit
    )
    assert ended.ret == 0
    assert ended.summary == {"passed": 12, "warnings": 1}
    assert ended.stdout.count("recording stopped") == 1
    content = ended.path.read_bytes()
    assert len(content) == limit
    if b"\n" in content:
        assert status_of(parse_run(content, OUT)) == "interrupted"


def test_a_disk_that_is_full_at_the_very_end_is_still_said(project: RecordedProject) -> None:
    """pytest has shown its warnings by then; the closing line is the one that is missing."""
    project.file("test_it.py", _MANY)
    project.file(
        "conftest.py",
        f"""
import os, resource

def pytest_sessionfinish():
    room = os.stat("{OUT}").st_size + 10
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
""",
    )
    ended = project.pytest()
    assert ended.ret == 0
    assert ended.stdout.count("recording stopped") == 1
    assert len(parse_run(ended.path.read_bytes(), OUT).tests) == 12


def test_a_gzipped_file_that_cant_be_written_leaves_the_plain_one(project: RecordedProject) -> None:
    """Nothing is lost when only the last step fails; a failed recording isn't warned about twice."""
    project.file("test_it.py", _MANY)
    ended = project.pytest("--paceline", out=None, limit_bytes=3000)
    assert ended.ret == 0
    assert ended.stdout.count("PacelineWarning") == 1
    (path,) = (project.root / ".paceline" / "runs").iterdir()
    assert path.name.endswith(".jsonl")


def test_our_warning_isnt_counted_against_the_suite(project: RecordedProject) -> None:
    """With `--max-warnings=0`, a run that can't be recorded still succeeds, and still says so."""
    if pytest.version_tuple < (9, 1):
        pytest.skip("this pytest has no --max-warnings")
    project.file("file", "")
    project.file("test_it.py", "def test_it(): pass\n")
    ended = project.pytest("--max-warnings=0", out="file/run.jsonl")
    assert ended.ret == 0
    assert ended.stdout.count("PacelineWarning") == 1


def test_collection_errors_are_recorded_once(project: RecordedProject) -> None:
    """Serially and with two workers, which both fail to import the file."""
    needs("xdist")
    project.file("test_bad.py", "import no_such_module\n")
    project.file("test_good.py", "def test_it(): pass\n")
    for arguments, plugins in ((), ("paceline",)), (("-n2",), _XDIST):
        out = f"run{len(arguments)}.jsonl"
        run = project.pytest(*arguments, plugins=plugins, out=out).run
        assert [(error.nodeid, error.reason) for error in run.collection_errors] == [
            ("test_bad.py", "ModuleNotFoundError: No module named 'no_such_module'")
        ]
        assert status_of(run) == "collection_error"


def test_usage_errors_and_empty_projects_have_a_status(project: RecordedProject) -> None:
    """A path that isn't there, and no tests at all."""
    assert status_of(project.pytest("no_such_folder").run) == "crashed"
    assert status_of(project.pytest(out="none.jsonl").run) == "no_tests"


def test_an_exception_with_a_broken_status_is_only_a_failure(project: RecordedProject) -> None:
    """An exception that answers every attribute doesn't decide the status of the run."""
    project.file(
        "test_it.py",
        "class Odd(Exception):\n    def __getattr__(self, name): return []\n"
        "    def __str__(self): raise Odd\n"
        "class Worse(Exception):\n"
        "    def __getattribute__(self, name):\n        if name == 'run_status': raise RuntimeError('odd')\n"
        "        return super().__getattribute__(name)\n"
        "def test_odd(): raise Odd\ndef test_worse(): raise Worse\ndef test_after(): pass\n",
    )
    ended = project.pytest()
    assert ended.ret == 1
    assert ended.summary == {"failed": 2, "passed": 1, "warnings": 1}
    assert ended.outcomes()["test_odd"] == "failed"
    assert ended.outcomes()["test_after"] == "passed"
    assert "'test_it.py::test_worse' is not recorded: RuntimeError: odd" in ended.stdout
