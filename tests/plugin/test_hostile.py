"""Tests that take the process apart: their outcome is untouched, and what follows them is recorded whole."""

from __future__ import annotations

import sys

import pytest
from tests.harness.recorded import RecordedProject, every_phase, needs, phases

_GOOD = {"setup": "passed", "call": "passed", "teardown": "passed"}
_HOSTILE = {
    "gc off": "import gc\n    gc.disable()",
    "gc collects": "import gc\n    gc.collect()",
    "gc callbacks": "import gc\n    gc.callbacks.clear()",
    "forks": "import os\n    child = os.fork()\n    if not child: os._exit(0)\n    os.waitpid(child, 0)",
    "spawns": "import subprocess, sys\n    subprocess.run([sys.executable, '-c', 'pass'], check=True)",
    "multiprocessing": (
        "import multiprocessing\n    one = multiprocessing.get_context('fork').Process(target=print)\n"
        "    one.start(); one.join(); assert one.exitcode == 0"
    ),
    "changes directory": "import os, tempfile\n    os.chdir(tempfile.mkdtemp())",
    "traces": "import sys\n    sys.settrace(lambda *_: None)",
    "profiles": "import sys\n    sys.setprofile(lambda *_: None)",
    "few files": (
        "import resource\n    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (64, high))"
    ),
    "little memory": (
        "import pytest, resource\n    size = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "    limits = resource.getrlimit(resource.RLIMIT_AS)\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (size + 30_000_000, limits[1]))\n"
        "    with pytest.raises(MemoryError): bytearray(400_000_000)\n"
        "    resource.setrlimit(resource.RLIMIT_AS, limits)"
    ),
    "threads left": (
        "import threading, time\n"
        "    def run():\n        while True: time.sleep(0.001)\n"
        "    [threading.Thread(target=run, daemon=True).start() for _ in range(4)]"
    ),
    "patched clocks": ("import time\n    time.perf_counter = time.process_time = time.time = lambda: 1e12"),
    "empty environment": "import os\n    os.environ.clear()\n    os.environ['PYTEST_CURRENT_TEST'] = 'x'",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the tests use what Linux has")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("how", _HOSTILE)
def test_what_a_test_does_to_its_process_spoils_nothing(
    project: RecordedProject, how: str, workers: int
) -> None:
    """Every phase of it and of its neighbours is there, with every value within reason."""
    if workers:
        needs("xdist")
    project.file("test_a.py", f"def test_before(): pass\ndef test_it():\n    {_HOSTILE[how]}\n")
    project.file("test_b.py", "def test_after(): pass\ndef test_last(): pass\n")
    arguments = (f"-n{workers}", "--dist=loadfile") if workers else ()
    ended = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",))
    assert ended.ret == 0, ended.output
    assert "switched off" not in ended.output
    assert len(ended.run.tests) == 4
    assert [phases(test) for test in ended.run.tests] == [_GOOD] * 4
    for phase in every_phase(ended.run):
        assert set(phase.values) == {metric.name for metric in ended.run.header.metrics}
        assert 0 <= phase.values["clean_time"] <= phase.values["duration"] < 60
        assert all(value >= 0 for value in phase.values.values())
    assert ended.run.metrics_off == ()
    assert ended.run.end is not None


@pytest.mark.skipif(sys.platform != "linux", reason="the run delay is read from a file of Linux")
def test_closing_every_file_costs_no_value(project: RecordedProject) -> None:
    """The run file and the kernel's statistics are opened again; the test's own files aren't touched."""
    project.file(
        "test_it.py",
        """
import os

def test_before(): pass

def test_closes():
    os.closerange(3, 4096)
    kept = [os.open("mine", os.O_RDWR | os.O_CREAT) for _ in range(20)]
    os.write(kept[0], b"precious")

def test_after():
    assert open("mine").read() == "precious"
""",
    )
    ended = project.pytest("-s")  # pytest's own capturing doesn't survive it
    assert ended.outcomes() == {"test_before": "passed", "test_closes": "passed", "test_after": "passed"}
    assert (project.root / "mine").read_text() == "precious"
    names = {metric.name for metric in ended.run.header.metrics}
    assert all(set(phase.values) == names for phase in every_phase(ended.run))
    assert ended.run.end is not None


def test_a_forked_child_that_goes_on_writes_nothing(project: RecordedProject) -> None:
    """A child that runs through pytest's end: the file holds the parent's tests once."""
    project.file(
        "test_it.py",
        "import os\ndef test_forks():\n    child = os.fork()\n    if child: os.waitpid(child, 0)\n"
        "def test_after(): pass\n",
    )
    ended = project.pytest()
    assert [test.outcome for test in ended.run.tests] == ["passed", "passed"]
    assert ended.run.end is not None


@pytest.mark.parametrize("workers", [0, 2])
def test_the_plugins_of_a_heavy_suite_together(project: RecordedProject, workers: int) -> None:
    """Coverage, timeouts, reruns and random order, with fixtures of each scope."""
    needs("pytest_cov", "pytest_timeout", "pytest_rerunfailures", "pytest_randomly")
    if workers:
        needs("xdist")
    project.file(
        "test_it.py",
        """
import pathlib, pytest, time

@pytest.fixture(scope="session")
def server():
    time.sleep(0.6)
    yield

@pytest.fixture
def row(server): time.sleep(0.01)

def test_flaky(row, request):
    tried = pathlib.Path(str(request.config.rootpath), "tried")
    if not tried.exists():
        tried.touch()
        assert False

@pytest.mark.timeout(30)
def test_timed(row): pass

def test_plain(): pass
""",
    )
    arguments = ("--cov=.", "--timeout=60", "--reruns=2", "-p", "randomly")
    more = (f"-n{workers}",) if workers else ()
    ended = project.pytest(
        *arguments,
        *more,
        plugins=("pytest_cov", "timeout", "rerunfailures", *(("xdist",) if workers else ()), "paceline"),
    )
    assert ended.ret == 0, ended.output
    assert sorted(test.outcome for test in ended.run.tests) == ["failed", "passed", "passed", "passed"]
    assert all(test.phases[0].values["clean_time"] < 0.5 for test in ended.run.tests)
    built = [one for one in ended.run.costs.fixtures if (one.argname, one.event) == ("server", "setup")]
    assert 1 <= len(built) <= max(1, workers)
    assert all(one.own["duration"] >= 0.6 for one in built)
    assert ended.run.header.seed is not None


@pytest.mark.parametrize("workers", [0, 2])
def test_kinds_of_items_without_functions(project: RecordedProject, workers: int) -> None:
    """unittest and doctest: class fixtures of unittest have lines of their own."""
    if workers:
        needs("xdist")
    project.file(
        "test_it.py",
        '''
"""
>>> 1 + 1
2
"""
import time, unittest

class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls): time.sleep(0.6)
    @classmethod
    def tearDownClass(cls): time.sleep(0.6)
    def setUp(self): time.sleep(0.01)
    def test_a(self): pass
    def test_b(self): pass
''',
    )
    arguments = (f"-n{workers}", "--dist=loadfile") if workers else ()
    ended = project.pytest(
        "--doctest-modules", *arguments, plugins=("xdist", "paceline") if workers else ("paceline",)
    )
    assert ended.ret == 0, ended.output
    assert len(ended.run.tests) == 3
    lines = [one for one in ended.run.costs.fixtures if one.own["duration"] >= 0.6]
    assert [(one.event, one.scope) for one in lines] == [("setup", "class"), ("teardown", "class")]
    assert all(phase.values["clean_time"] < 0.5 for phase in every_phase(ended.run))
