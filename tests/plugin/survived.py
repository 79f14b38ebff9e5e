"""What one run of the hostile suite left behind, and what must hold for each item of its list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.recorded import Outcomes, short
from tests.harness.spent import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paceline.model.run import TestRecord

GOOD = {"setup": "passed", "call": "passed", "teardown": "passed"}


def file_of(item: str) -> str:
    """Return the name of an item's test file."""
    return f"test_{re.sub(r'[^a-z]+', '_', item.lower()).strip('_')}.py"


@dataclass(frozen=True)
class Recorded:
    """One run of the whole suite.

    Attributes:
        between: times of day before and after it.
    """

    ended: Outcomes
    between: tuple[float, float]

    def tests(self, item: str) -> dict[str, TestRecord]:
        """Return the tests of an item by name, the last attempt at each."""
        return {short(test.nodeid): test for test in self.ended.run.tests if test.path == file_of(item)}

    def shared(self, argname: str) -> list[tuple[str, str | None, str, bool]]:
        """Return event, parameter, outcome of a shared fixture's lines, and whether it took 0.3 s."""
        return [
            (one.event, one.param, one.outcome, one.own["duration"] >= 0.3)
            for one in self.ended.run.costs.fixtures
            if one.argname == argname
        ]

    def own(self, test: TestRecord, argname: str) -> list[float]:
        """Return the seconds that a fixture of `test` took by itself, in the order of its phases."""
        uses = [use for phase in test.phases for use in phase.fixtures if use.argname == argname]
        return [use.own["duration"] for use in uses]


def _none(_: Recorded, __: Mapping[str, TestRecord]) -> None:
    """Everything that matters is what holds for each item."""


def _real_time(*names: str) -> Callable[[Recorded, Mapping[str, TestRecord]], None]:
    def check(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
        for name in names:
            assert 0.05 <= value(tests[name], "duration") < 60

    return check


def _collections(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert value(tests["test_gc_collects"], "gc_full_collections") == 1
    assert 0 < value(tests["test_gc_collects"], "gc_time") < value(tests["test_gc_collects"], "duration")


def _subprocess(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert value(tests["test_spawns"], "subprocesses") == 1
    assert value(tests["test_spawns"], "children_cpu_time") > 0


def _statement(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert value(tests["test_engine_of_a_thread"], "sql_statements") == 1


def _raises_early(recorded: Recorded, _: Mapping[str, TestRecord]) -> None:
    assert recorded.shared("raises_early") == [("setup", None, "failed", False)]


def _asked_for(recorded: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert recorded.shared("asked_for") == [
        ("setup", None, "passed", True),
        ("teardown", None, "passed", False),
    ]
    assert value(tests["test_asks"], "clean_time") < 0.25


def _overridden(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
    file = file_of("overridden fixture")
    assert [use.baseid for use in tests["TestIt::test_overridden"].phases[0].fixtures] == [
        file,
        f"{file}::TestIt",
    ]


def _sized(recorded: Recorded, tests: Mapping[str, TestRecord]) -> None:
    lines = recorded.shared("sized")
    assert [line[0] for line in lines] == ["setup", "teardown"] * 2
    assert {line[:2] + line[3:] for line in lines} == {
        (event, size, event == "setup") for event in ("setup", "teardown") for size in ("small", "large")
    }
    assert all(value(test, "clean_time", "setup") < 0.25 for test in tests.values())


def _early(recorded: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert (
        recorded.shared("early")
        == [
            ("setup", None, "passed", False),
            ("teardown", None, "passed", True),
        ]
        * 2
    )
    assert all(value(test, "clean_time", "teardown") < 0.25 for test in tests.values())


def _async(argname: str, test: str) -> Callable[[Recorded, Mapping[str, TestRecord]], None]:
    def check(recorded: Recorded, tests: Mapping[str, TestRecord]) -> None:
        assert recorded.shared(argname) == [
            ("setup", None, "passed", True),
            ("teardown", None, "passed", True),
        ]
        setup, teardown = recorded.own(tests[test], "row")
        assert setup >= 0.03
        assert teardown >= 0.02

    return check


def _class_fixtures(recorded: Recorded, tests: Mapping[str, TestRecord]) -> None:
    slow = [
        (one.event, one.scope)
        for one in recorded.ended.run.costs.fixtures
        if one.scope == "class" and one.own["duration"] >= 0.3
    ]
    assert slow == [("setup", "class"), ("teardown", "class")]
    assert all(
        value(test, "clean_time", phase) < 0.25 for test in tests.values() for phase in ("setup", "teardown")
    )


def _subtests(_: Recorded, tests: Mapping[str, TestRecord]) -> None:
    assert 0.15 <= value(tests["test_subtests"], "duration") < 60


def _attempts(recorded: Recorded, _: Mapping[str, TestRecord]) -> None:
    run = recorded.ended.run
    attempts = [(test.attempt, test.outcome) for test in run.tests if test.nodeid.endswith("::test_flaky")]
    assert attempts == [(1, "failed"), (2, "passed")]
    assert run.header.seed == "7"
    assert "TOTAL" in recorded.ended.stdout  # of the table that pytest-cov shows


#: Item, the outcomes of its tests that don't pass, and what holds for it beside what holds for all.
ITEMS: dict[str, tuple[dict[str, str], Callable[[Recorded, Mapping[str, TestRecord]], None]]] = {
    "frozen clock (freezegun)": ({}, _real_time("test_frozen", "test_frozen_again")),
    "frozen clock (time-machine)": ({}, _real_time("test_travelled", "test_travelled_again")),
    "mocked clock": ({}, _real_time("test_mocked", "test_mocked_for_good")),
    "garbage collection off": ({}, _none),
    "gc.collect": ({}, _collections),
    "fork": ({}, _none),
    "spawn": ({}, _subprocess),
    "change of directory": ({}, _none),
    "change of environment": ({}, _none),
    "trace function": ({}, _none),
    "profile function": ({}, _none),
    "memory limit": ({}, _none),
    "threads left running": ({}, _none),
    "engine of another thread": ({}, _statement),
    "fixture that raises in set-up": ({"test_raises_early": "error"}, _raises_early),
    "fixture that raises in tear-down": ({"test_raises_late": "error"}, _none),
    "fixture that raises in both": ({"test_raises_twice": "error"}, _none),
    "getfixturevalue": ({}, _asked_for),
    "overridden fixture": ({}, _overridden),
    "parametrized shared fixture": ({}, _sized),
    "fixture torn down early": ({}, _early),
    "async fixture (pytest-asyncio)": ({}, _async("slow_loop", "test_of_asyncio")),
    "async fixture (anyio)": ({}, _async("slow_backend", "test_of_anyio")),
    "unittest": ({}, _class_fixtures),
    "doctest": ({}, _real_time("test_doctest")),
    "subtests": ({"test_bad_subtest": "failed", "SubCase::test_sub_case": "failed"}, _subtests),
    "pytest-cov, -timeout, -rerunfailures and -randomly": ({}, _attempts),
}
#: Phases of the tests whose fixtures raise.
PHASES = {
    "test_raises_early": {"setup": "failed", "teardown": "passed"},
    "test_raises_late": GOOD | {"teardown": "failed"},
    "test_raises_twice": {"setup": "failed", "teardown": "failed"},
}
