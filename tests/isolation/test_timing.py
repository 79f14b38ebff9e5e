"""Isolation's own work is recorded beside the test's set-up and tear-down, not in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.isolation.test_leaks import APP, CONFTEST, leaky

from paceline.store.run_file import read_run

if TYPE_CHECKING:
    from tests.harness.database import Project

    from paceline.model.run import Run

__all__ = ["APP", "CONFTEST", "leaky"]

#: Makes isolation slower, and notes what each phase takes as a whole.
SLOW = """
import json, time
import pytest
from paceline.isolation.databases.postgresql.commits import Audit

def slower(method, seconds):
    def slow(self, **options):
        time.sleep(seconds)
        return method(self, **options)
    return slow

Audit.before = slower(Audit.before, 0.2)
Audit.after = slower(Audit.after, 0.3)
whole = {}

class Outside:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.name = item.name
        return (yield)

    def measured(self, phase):
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            whole[f"{self.name}-{phase}"] = time.perf_counter() - start

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self):
        return (yield from self.measured("setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self):
        return (yield from self.measured("teardown"))

def pytest_sessionstart(session):
    session.config.pluginmanager.register(Outside())

def pytest_sessionfinish():
    with open("whole.json", "w") as file:
        json.dump(whole, file)
"""


def recorded(project: Project, *arguments: str) -> Run:
    """Record the `schema` suite of `project`."""
    result = project.run("--schema", "--paceline-out=run.jsonl", *arguments)
    assert (project.root / "run.jsonl").exists(), result.output
    return read_run(project.root / "run.jsonl")


def values(run: Run) -> dict[str, dict[str, float]]:
    """Return what was measured, by test and phase."""
    return {
        f"{test.nodeid.partition('::')[2]}-{phase.phase}": dict(phase.values)
        for test in run.tests
        for phase in test.phases
    }


def test_slower_isolation_is_not_taken_for_a_slower_test(leaky: Project) -> None:
    """Set-up and tear-down leave out exactly what isolation took, which is told beside them."""
    with (leaky.root / "conftest.py").open("a") as conftest:
        conftest.write(SLOW)
    leaky.write(
        test_it="""
        import pytest
        @pytest.mark.schema
        def test_isolated(integration_session):
            pass
        def test_other():
            pass
        """
    )

    measured = values(recorded(leaky))
    whole = json.loads((leaky.root / "whole.json").read_text())

    setup, teardown = measured["test_isolated-setup"], measured["test_isolated-teardown"]
    assert setup["isolation_time"] >= 0.2
    assert teardown["isolation_time"] >= 0.3
    assert setup["duration"] <= whole["test_isolated-setup"] - setup["isolation_time"]
    assert teardown["duration"] <= whole["test_isolated-teardown"] - teardown["isolation_time"]
    assert 0 <= setup["cpu_time"] <= setup["duration"] + 0.5
    assert measured["test_isolated-call"]["isolation_time"] == 0
    # The server is stopped in its tear-down: it is the last.
    assert {measured[f"test_other-{phase}"]["isolation_time"] for phase in ("setup", "call")} == {0.0}


def test_the_start_of_the_server_is_isolations_work(leaky: Project) -> None:
    """The set-up of the first test leaves it out; the project's own session fixtures stay in."""
    with (leaky.root / "conftest.py").open("a") as conftest:
        conftest.write(
            """
import time
@pytest.fixture(scope="session")
def own(paceline_database):
    time.sleep(0.2)
    yield
"""
        )
    leaky.write(
        app=APP.replace("engine = create", "import time; time.sleep(0.4); engine = create"),
        test_it="""
        import pytest
        @pytest.mark.schema
        def test_isolated(own, integration_session):
            pass
        """,
    )

    run = recorded(leaky)

    parts = [values(run)["test_isolated-setup"]]
    parts += [dict(fixture.own) for fixture in run.costs.fixtures if fixture.event == "setup"]
    assert sum(part.get("isolation_time", 0) for part in parts) >= 0.4
    assert sum(part["duration"] for part in parts) >= 0.2


def test_a_fixture_of_the_project_stays_in_the_test(leaky: Project) -> None:
    """Also one that replaces Paceline's."""
    with (leaky.root / "conftest.py").open("a") as conftest:
        conftest.write(
            """
import time
@pytest.fixture
def integration_session(schema_isolation):
    time.sleep(0.2)
    yield
    time.sleep(0.3)
"""
        )
    leaky.write(
        test_it="""
        import pytest
        @pytest.mark.schema
        def test_isolated(integration_session):
            pass
        """
    )

    measured = values(recorded(leaky))

    assert measured["test_isolated-setup"]["duration"] >= 0.2
    assert measured["test_isolated-teardown"]["duration"] >= 0.3
    assert measured["test_isolated-teardown"]["isolation_time"] > 0


@pytest.mark.parametrize("fails", ["before", "after"])
def test_the_stopwatch_stops_when_isolation_fails(leaky: Project, fails: str) -> None:
    """The tests that follow are timed as ever."""
    with (leaky.root / "conftest.py").open("a") as conftest:
        conftest.write(
            f"""
from paceline.isolation.databases.postgresql.commits import Audit
original, calls = Audit.{fails}, []
def fail_once(self, **options):
    if not calls:
        calls.append(1)
        raise RuntimeError("once")
    return original(self, **options)
Audit.{fails} = fail_once
"""
        )
    leaky.write(
        test_it="""
        import pytest, time
        @pytest.mark.schema
        def test_first(integration_session):
            pass
        @pytest.fixture
        def slow():
            time.sleep(0.2)
        def test_other(slow):
            time.sleep(0.2)
        """
    )

    measured = values(recorded(leaky, "-p", "no:randomly"))

    assert measured["test_other-setup"]["duration"] >= 0.2
    assert measured["test_other-setup"]["isolation_time"] == 0
    assert measured["test_other-call"]["duration"] >= 0.2
