"""Set-ups and tear-downs of fixtures: timed where they happen, billed to whom they belong."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.harness.recorded import RecordedProject, needs, short

from paceline.model.cost import FixtureUse, SharedFixture
from paceline.model.run import PhaseName, Run, TestRecord

_SLEEPY = """
import pytest, time

@pytest.fixture(scope="session")
def server():
    time.sleep(0.6)
    yield
    time.sleep(0.5)

@pytest.fixture(scope="module", params=["small", "large"])
def table(request, server):
    time.sleep(0.6)
    yield request.param
    time.sleep(0.5)

@pytest.fixture
def row(table):
    time.sleep(0.03)
    yield
    time.sleep(0.02)

def test_a(row): pass
def test_b(row): pass
"""


def _shared(run: Run, argname: str) -> list[SharedFixture]:
    return [fixture for fixture in run.costs.fixtures if fixture.argname == argname]


def _use(test: TestRecord, phase: PhaseName, argname: str) -> FixtureUse:
    (found,) = (
        use for one in test.phases if one.phase == phase for use in one.fixtures if use.argname == argname
    )
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_shared_fixtures_are_not_part_of_the_test_that_needed_them_first(
    project: RecordedProject, workers: int
) -> None:
    """Each set-up and tear-down has a line with worker, parameter and test; the test's time is its own."""
    if workers:
        needs("xdist")
    project.file("test_it.py", _SLEEPY)
    arguments = (f"-n{workers}", "--dist=each") if workers else ()
    run = project.pytest(*arguments, plugins=("xdist", "paceline")[1 - bool(workers) :]).run
    names = {"main"} if not workers else {"gw0", "gw1"}
    for worker in names:
        server = [one for one in _shared(run, "server") if one.worker == worker]
        assert [(one.event, one.scope, one.outcome, one.param) for one in server] == [
            ("setup", "session", "passed", None),
            ("teardown", "session", "passed", None),
        ]
        assert [short(one.nodeid or "") for one in server] == ["test_a[small]", "test_b[large]"]
        assert [one.own["duration"] >= least for one, least in zip(server, (0.6, 0.5), strict=True)] == [
            True,
            True,
        ]
        tables = [one for one in _shared(run, "table") if one.worker == worker]
        assert [(one.event, one.param) for one in tables] == [
            ("setup", "small"),
            ("teardown", "small"),
            ("setup", "large"),
            ("teardown", "large"),
        ]
        assert tables[0].baseid == "test_it.py"
    for test in run.tests:
        first, call, last = test.phases
        assert first.values["duration"] >= 0.03
        assert last.values["duration"] >= 0.02
        # Less than any of the shared ones, whatever else the machine does.
        assert first.values["clean_time"] < 0.5
        assert last.values["clean_time"] < 0.5
        assert call.fixtures == ()
        assert _use(test, "setup", "row").own["duration"] >= 0.03
        assert _use(test, "teardown", "row").own["duration"] >= 0.02


def test_self_and_total_differ_by_what_was_set_up_meanwhile(project: RecordedProject) -> None:
    """A dynamic fixture lies within the one that asked for it; a shared one is in nobody's total."""
    project.file(
        "test_it.py",
        """
import pytest, time

@pytest.fixture
def inner(): time.sleep(0.3)

@pytest.fixture(scope="module")
def late(): time.sleep(1)

@pytest.fixture(scope="module")
def outermost(request):
    time.sleep(0.02)
    request.getfixturevalue("late")

@pytest.fixture
def outer(request):
    time.sleep(0.02)
    request.getfixturevalue("inner")
    request.getfixturevalue("outermost")

def test_it(outer): pass
def test_in_call(request): request.getfixturevalue("inner")
""",
    )
    ended = project.pytest()
    test = ended.test("test_it")
    outer = _use(test, "setup", "outer")
    assert 0.02 <= outer.own["duration"]
    assert outer.own["clean_time"] < 0.3
    assert 0.32 <= outer.values["duration"]
    assert outer.values["clean_time"] < 1
    assert _use(test, "setup", "inner").own["duration"] >= 0.3
    assert 0.32 <= test.phases[0].values["duration"]
    assert test.phases[0].values["clean_time"] < 1
    outermost, _ = _shared(ended.run, "outermost")
    assert 0.02 <= outermost.own["duration"] < outermost.values["duration"] - 1 + 0.001
    assert outermost.own["clean_time"] < 1
    assert _use(ended.test("test_in_call"), "call", "inner").own["duration"] >= 0.3


def test_fixtures_that_raise_say_so(project: RecordedProject) -> None:
    """In set-up, in tear-down, in both; a shared one is built again for nobody."""
    project.file(
        "test_it.py",
        """
import pytest

@pytest.fixture(scope="module")
def fails_early(): raise ValueError

@pytest.fixture(scope="module")
def skips(): pytest.skip("no server")

@pytest.fixture(scope="module")
def fails_late():
    yield
    raise ValueError

@pytest.fixture(scope="module")
def fails_twice(request):
    def fail(): raise KeyError
    request.addfinalizer(fail)
    raise ValueError

@pytest.fixture(scope="module")
def fine():
    yield

def test_a(fails_early): pass
def test_b(fails_early): pass
def test_c(skips): pass
def test_d(fails_twice): pass
def test_e(fine, fails_late): pass
""",
    )
    ended = project.pytest()
    assert ended.outcomes() == {
        "test_a": "error",
        "test_b": "error",
        "test_c": "skipped",
        "test_d": "error",
        "test_e": "error",
    }
    assert Counter((one.argname, one.event, one.outcome) for one in ended.run.costs.fixtures) == Counter(
        [
            ("fails_early", "setup", "failed"),
            ("skips", "setup", "skipped"),
            ("fails_twice", "setup", "failed"),
            ("fails_twice", "teardown", "passed"),  # nothing says that this finalizer is the one that raised
            ("fine", "setup", "passed"),
            ("fine", "teardown", "passed"),
            ("fails_late", "setup", "passed"),
            ("fails_late", "teardown", "failed"),
        ]
    )


def test_what_is_torn_down_after_the_last_test_belongs_to_none(project: RecordedProject) -> None:
    """After `pytest.exit`, pytest tears them down when the session ends."""
    project.file(
        "test_it.py",
        """
import pytest

@pytest.fixture(scope="session")
def server():
    yield

def test_a(server): pytest.exit("enough")
def test_b(server): pass
""",
    )
    setup, teardown = _shared(project.pytest().run, "server")
    assert short(setup.nodeid or "") == "test_a"
    assert (teardown.event, teardown.nodeid) == ("teardown", None)


def test_trivial_fixtures_are_not_mentioned(project: RecordedProject) -> None:
    """A function-scoped fixture that takes no time stays part of its phase; a shared one is counted."""
    project.file(
        "test_it.py",
        """
import pytest

@pytest.fixture
def one(): return 1

@pytest.fixture(scope="module")
def two(): return 2

def test_it(one, two): pass
""",
    )
    ended = project.pytest()
    assert [one.argname for one in ended.run.costs.fixtures] == ["two"]
    assert [use for phase in ended.test("test_it").phases for use in phase.fixtures] == []


def test_modules_say_what_memory_they_leave_behind(project: RecordedProject) -> None:
    """Before its first test and after its last; the module that keeps 500 MB is found."""
    project.file("test_a.py", "def test_it(): pass\n")
    project.file("test_b.py", "kept = []\ndef test_it(): kept.append(b'x' * 500_000_000)\n")
    project.file("test_c.py", "def test_it(): pass\n")
    ended = project.pytest()
    grown = {one.path: one.after - one.before for one in ended.run.costs.memory}
    assert list(grown) == ["test_a.py", "test_b.py", "test_c.py"]
    assert grown["test_b.py"] > 400_000_000 > max(grown["test_a.py"], grown["test_c.py"])
    (peak,) = [test.phases[1].values["peak_rss"] for test in ended.run.tests if test.path == "test_b.py"]
    assert peak > 60_000_000  # a new process begins with the peak of the one that started it
