"""What is recorded adds up to what really passed."""

from __future__ import annotations

import random

import pytest
from tests.harness.recorded import RecordedProject, needs

from paceline.model.run import Run

_SCOPES = ("function", "class", "module", "session")
_SUITES = 20

#: A clock that only goes on when a test says so, and a microsecond for each look at it: sums are exact on any
#: machine. A plugin of this name is loaded before ours, which takes the clock at its import.
_CLOCK = """
import time

now = 1000.0

def counter():
    global now
    now += 1e-6
    return now

def spend(seconds):
    global now
    now += seconds

time.perf_counter = counter

def pytest_runtest_logstart(): spend(0.0003)
def pytest_runtest_logfinish(): spend(0.0002)
"""


def _suite(chance: random.Random) -> str:
    """Return a module of random fixtures on random fixtures, and tests that use some."""
    parts = ["import pytest\nfrom clock import spend"]
    fixtures: list[tuple[str, int]] = []
    for number in range(chance.randint(2, 6)):
        rank = chance.randrange(len(_SCOPES))
        needed = [name for name, other in fixtures if other >= rank and chance.random() < 0.5]
        dynamic = [name for name, other in fixtures if other >= rank and chance.random() < 0.3]
        parameters = ", params=[1, 2]" if chance.random() < 0.3 else ""
        requested = "".join(f"    request.getfixturevalue({name!r})\n" for name in dynamic if not parameters)
        raises = "    if request.node.name == 'test_1': raise ValueError\n" if chance.random() < 0.1 else ""
        parts.append(
            f"@pytest.fixture(scope={_SCOPES[rank]!r}{parameters})\n"
            f"def f{number}({', '.join(['request', *needed])}):\n"
            f"    spend({chance.uniform(0.001, 0.2):.4f})\n{requested}{raises}"
            f"    yield\n    spend({chance.uniform(0, 0.2):.4f})"
        )
        # A parametrized one can't be asked for dynamically.
        if not parameters:
            fixtures.append((f"f{number}", rank))
        else:
            parts.append(f"def test_p{number}(f{number}): spend(0.05)")
    for number in range(chance.randint(2, 6)):
        needed = [name for name, _ in fixtures if chance.random() < 0.5]
        parts.append(f"def test_{number}({', '.join(needed)}): spend({chance.uniform(0.01, 0.5):.4f})")
    return "\n\n".join(parts) + "\n"


@pytest.fixture(scope="module", params=[0, 2], ids=["serial", "-n 2"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Many random suites, recorded in one run."""
    if request.param:
        needs("xdist")
    project = RecordedProject(tmp_path_factory.mktemp("random"))
    project.file("clock.py", _CLOCK)
    for seed in range(_SUITES):
        project.file(f"test_{seed:02}.py", _suite(random.Random(seed)))
    workers, xdist = (("-n2", "--dist=load"), ("xdist",)) if request.param else ((), ())
    return project.pytest(*workers, plugins=("clock", *xdist, "paceline")).run


def test_phases_and_shared_fixtures_add_up(run: Run) -> None:
    """To the tests' span within 2 %, of each process that runs tests, and not without either of them."""
    workers = {test.worker for test in run.tests}
    assert len(workers) == max(1, run.header.workers)
    for worker in workers:
        (span,) = (span for span in run.spans if (span.name, span.worker) == ("tests", worker))
        tests = [test for test in run.tests if test.worker == worker]
        in_phases = sum(phase.values["duration"] for test in tests for phase in test.phases)
        fixtures = [one for one in run.costs.fixtures if (one.worker, one.nodeid is None) == (worker, False)]
        shared = sum(one.own["duration"] for one in fixtures)
        assert in_phases + shared == pytest.approx(span.duration, rel=0.02)
        assert min(in_phases, shared) > 0.1 * (in_phases + shared)


def test_fixtures_add_up_to_no_more_than_their_phase(run: Run) -> None:
    """What each took by itself is a part of the phase that names it."""
    assert any(test.outcome == "error" for test in run.tests)  # some of the fixtures raise
    for test in run.tests:
        for phase in test.phases:
            assert sum(use.own["duration"] for use in phase.fixtures) <= phase.values["duration"] + 1e-6
