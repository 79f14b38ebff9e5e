"""What instruments enter into the ledger is billed to the phase or the fixture in which it happened."""

from __future__ import annotations

import pytest
from tests.harness.recorded import RecordedProject, needs

_TESTS = """
import pytest, threading
from paceline.metrics.ledger import LEDGER

def done(what, rows=-1): LEDGER.enter(("sql", what, "shop.py:7", 0.25, rows))

@pytest.fixture(scope="module")
def server():
    done("create", 1)
    yield
    done("drop")

@pytest.fixture
def row(server):
    done("insert", 2)
    yield
    done("delete")

def test_it(row):
    for _ in range(3): done("select", 5)
    thread = threading.Thread(target=done, args=("select in thread",))
    thread.start()
    thread.join()

def test_nothing(server): pass
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_operations_are_attributed(project: RecordedProject, workers: int) -> None:
    """Summed up by what and where; a shared fixture keeps its own, a function-scoped one is named."""
    if workers:
        needs("xdist")
    project.file("test_it.py", _TESTS)
    arguments = (f"-n{workers}", "--dist=loadfile") if workers else ()
    ended = project.pytest(*arguments, plugins=("xdist", "paceline") if workers else ("paceline",))
    test = ended.test("test_it")
    found = {
        phase.phase: [(one.what, one.count, one.duration, one.rows, one.fixture) for one in phase.operations]
        for phase in test.phases
    }
    assert found == {
        "setup": [("insert", 1, 0.25, 2, "row")],
        "call": [("select", 3, 0.75, 15, None), ("select in thread", 1, 0.25, None, None)],
        "teardown": [("delete", 1, 0.25, None, "row")],
    }
    assert {one.where for phase in test.phases for one in phase.operations} == {"shop.py:7"}
    # A fixture that did something is mentioned, however little time it took.
    assert [use.argname for phase in test.phases for use in phase.fixtures] == ["row", "row"]
    assert [phase.operations for phase in ended.test("test_nothing").phases] == [(), (), ()]
    shared = {
        one.event: [(op.what, op.count, op.rows) for op in one.operations]
        for one in ended.run.costs.fixtures
        if one.argname == "server"
    }
    assert shared == {"setup": [("create", 1, 1)], "teardown": [("drop", 1, None)]}


def test_what_happened_outside_of_tests_belongs_to_none(project: RecordedProject) -> None:
    """Such as statements at import."""
    project.file(
        "test_it.py",
        _TESTS.replace("\n\n@pytest.fixture(scope", "\ndone('import')\n\n@pytest.fixture(scope", 1),
    )
    ended = project.pytest()
    everything = [one for test in ended.run.tests for phase in test.phases for one in phase.operations]
    everything += [one for fixture in ended.run.costs.fixtures for one in fixture.operations]
    assert "import" not in {one.what for one in everything}
