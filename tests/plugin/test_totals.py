"""What is recorded adds up to what really passed."""

from __future__ import annotations

import random

import pytest
from tests.harness.recorded import RecordedProject, needs

from paceline.model.run import Run

_SCOPES = ("function", "class", "module", "session")


def _suite(chance: random.Random) -> str:
    """Return a module of random fixtures on random fixtures, and tests that use some."""
    parts = ["import pytest, time"]
    fixtures: list[tuple[str, int]] = []
    for number in range(chance.randint(2, 6)):
        rank = chance.randrange(len(_SCOPES))
        needed = [name for name, other in fixtures if other >= rank and chance.random() < 0.5]
        dynamic = [name for name, other in fixtures if other >= rank and chance.random() < 0.3]
        parameters = ", params=[1, 2]" if chance.random() < 0.3 else ""
        requested = "".join(f"    request.getfixturevalue({name!r})\n" for name in dynamic if not parameters)
        parts.append(
            f"@pytest.fixture(scope={_SCOPES[rank]!r}{parameters})\n"
            f"def f{number}({', '.join(['request', *needed])}):\n"
            f"    time.sleep({chance.uniform(0.001, 0.02):.4f})\n{requested}"
            f"    yield\n    time.sleep({chance.uniform(0, 0.02):.4f})"
        )
        # A parametrized one can't be asked for dynamically.
        if not parameters:
            fixtures.append((f"f{number}", rank))
        else:
            parts.append(f"def test_p{number}(f{number}): time.sleep(0.005)")
    for number in range(chance.randint(2, 6)):
        needed = [name for name, _ in fixtures if chance.random() < 0.5]
        parts.append(f"def test_{number}({', '.join(needed)}): time.sleep({chance.uniform(0.01, 0.05):.4f})")
    return "\n\n".join(parts) + "\n"


def _parts(run: Run) -> float:
    in_phases = sum(phase.values["duration"] for test in run.tests for phase in test.phases)
    shared = sum(one.own["duration"] for one in run.costs.fixtures if one.nodeid is not None)
    return in_phases + shared


@pytest.mark.parametrize("seed", range(6))
def test_phases_and_shared_fixtures_add_up(project: RecordedProject, seed: int) -> None:
    """Their sum is the run loop's span less what happens between phases, which the clock measures itself."""
    project.file("test_it.py", _suite(random.Random(seed)))
    project.file(
        "conftest.py",
        """
import time
import pytest

within = 0.0

class Outermost:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self): return (yield from timed())
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self): return (yield from timed())
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self): return (yield from timed())

def timed():
    global within
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        within += time.perf_counter() - started

def pytest_sessionstart(session): session.config.pluginmanager.register(Outermost())
def pytest_sessionfinish(): open("within", "w").write(repr(within))
""",
    )
    ended = project.pytest()
    assert ended.ret == 0, ended.output
    measured = float((project.root / "within").read_text())
    assert _parts(ended.run) == pytest.approx(measured, rel=0.02)
    (loop,) = [span for span in ended.run.spans if span.name == "tests"]
    assert loop.duration is not None
    assert _parts(ended.run) <= loop.duration
    for test in ended.run.tests:
        for phase in test.phases:
            assert sum(use.own["duration"] for use in phase.fixtures) <= phase.values["duration"] + 1e-6


def test_workers_add_up_as_well(project: RecordedProject) -> None:
    """What two workers say is the sum of what each measured around its phases."""
    needs("xdist")
    for number in range(3):
        project.file(f"test_{number}.py", _suite(random.Random(100 + number)))
    run = project.pytest("-n2", plugins=("xdist", "paceline")).run
    for worker in "gw0", "gw1":
        tests = tuple(test for test in run.tests if test.worker == worker)
        fixtures = tuple(one for one in run.costs.fixtures if one.worker == worker)
        (loop,) = [span for span in run.spans if (span.name, span.worker) == ("tests", worker)]
        spent = sum(phase.values["duration"] for test in tests for phase in test.phases)
        spent += sum(one.own["duration"] for one in fixtures if one.nodeid is not None)
        assert loop.duration is not None
        assert 0 < spent <= loop.duration
