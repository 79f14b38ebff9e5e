"""Short ways to make runs that say what they were spent on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.harness.records import make_header

from paceline.explain.account import account
from paceline.explain.division import examined
from paceline.explain.targets import meant, named
from paceline.model.account import Account
from paceline.model.cost import (
    Costs,
    FixtureScope,
    FixtureUse,
    ModuleMemory,
    Operation,
    OperationKind,
    SessionPart,
    SharedFixture,
)
from paceline.model.metric import Metric
from paceline.model.run import PHASES, Phase, PhaseName, Run, RunEnd, SessionSpan, SpanName, TestRecord
from paceline.report.explain_document import headline

METRICS = tuple(
    Metric(name=name, unit="s")
    for name in (
        "duration",
        "cpu_time",
        "gc_time",
        "run_delay",
        "sql_time",
        "sleep_time",
        "subprocess_time",
        "http_time",
    )
)
FILE = "tests/test_orders.py"


def operation(kind: OperationKind, duration: float | None, **details: Any) -> Operation:
    """Return an operation that happened once, unless `details` say otherwise."""
    return Operation(
        **{"kind": kind, "what": kind, "where": None, "count": 1, "duration": duration} | details
    )


def use(argname: str, own: float, *, baseid: str = "tests", total: float | None = None) -> FixtureUse:
    """Return a function-scoped fixture that took `own` seconds, all of them processor time."""
    whole = own if total is None else total
    return FixtureUse(
        argname=argname,
        baseid=baseid,
        values={"duration": whole, "cpu_time": whole},
        own={"duration": own, "cpu_time": own},
    )


def phase(
    name: PhaseName,
    seconds: float,
    *,
    start: float | None = None,
    fixtures: Sequence[FixtureUse] = (),
    operations: Sequence[Operation] = (),
    **values: float,
) -> Phase:
    """Return a phase that was processor time but for its operations, unless `values` say otherwise."""
    waited = sum(operation.duration or 0.0 for operation in operations)
    return Phase(
        phase=name,
        outcome="passed",
        start=start,
        values={"duration": seconds, "cpu_time": max(0.0, seconds - waited)} | values,
        fixtures=tuple(fixtures),
        operations=tuple(operations),
    )


def a_test(name: str, *phases: Phase, worker: str = "main", path: str = FILE, lineno: int = 6) -> TestRecord:
    """Return the test `name` of `path`; phases that aren't given took no time."""
    given = {one.phase: one for one in phases}
    return TestRecord(
        nodeid=f"{path}::{name}",
        path=path,
        lineno=lineno,
        markers=(),
        worker=worker,
        attempt=1,
        phases=tuple(given.get(name) or phase(name, 0.0) for name in PHASES),
    )


def shared(
    argname: str,
    own: float,
    *,
    nodeid: str | None = f"{FILE}::test_a",
    scope: FixtureScope = "session",
    baseid: str = "tests",
    teardown: bool = False,
    worker: str = "main",
    start: float = 0.0,
    param: str | None = None,
    operations: Sequence[Operation] = (),
) -> SharedFixture:
    """Return a set-up or tear-down that took `own` seconds, all of them processor time."""
    return SharedFixture(
        argname=argname,
        baseid=baseid,
        scope=scope,
        param=param,
        event="teardown" if teardown else "setup",
        outcome="passed",
        nodeid=nodeid,
        worker=worker,
        start=start,
        values={"duration": own, "cpu_time": own},
        own={"duration": own, "cpu_time": own},
        operations=tuple(operations),
    )


def spans(worker: str = "main", **seconds: float) -> tuple[SessionSpan, ...]:
    """Return spans by their names."""
    names: dict[str, SpanName] = {
        "startup": "startup",
        "configure": "configure",
        "collection": "collection",
        "tests": "tests",
        "finish": "finish",
    }
    return tuple(
        SessionSpan(name=names[name], duration=duration, cpu_time=duration, worker=worker)
        for name, duration in seconds.items()
    )


def a_run(
    *tests: TestRecord,
    fixtures: Sequence[SharedFixture] = (),
    parts: Sequence[SessionPart] = (),
    memory: Sequence[ModuleMemory] = (),
    spans: Sequence[SessionSpan] = (),
    workers: int = 0,
    suite: str = "schema",
    collected: Sequence[str] | None = None,
    **changes: Any,
) -> Run:
    """Return a run that ended well and recorded everything."""
    names = tuple(dict.fromkeys(test.nodeid for test in tests))
    run = Run(
        header=replace(make_header(suite=suite, workers=workers), metrics=METRICS),
        collected=names if collected is None else tuple(collected),
        tests=tests,
        spans=tuple(spans),
        costs=Costs(fixtures=tuple(fixtures), parts=tuple(parts), memory=tuple(memory)),
        end=RunEnd(exit_code=0),
    )
    return replace(run, **changes)


def explained(run: Run, target: str = "") -> Account:
    """Return the account of what `target` means in `run`."""
    subject = named(run, target) or meant(run, target)
    assert subject is not None, target
    return account(examined(run), subject)


def line_about(run: Run, target: str = "") -> str:
    """Return the first line of what is said about `target`, behind its name."""
    return headline(explained(run, target)).partition(": ")[2]
