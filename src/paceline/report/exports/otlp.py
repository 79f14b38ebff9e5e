"""A trace as OTLP/JSON: a span for the run, each test, each phase and each shared fixture.

Names are those of OpenTelemetry's conventions (`cicd.*`, `vcs.*`, `test.*`, `code.*`) where there is one,
else they begin with `paceline.`. Function-scoped fixtures have no time of day, so their seconds are an
attribute of their phase. What has no time of day at all, such as a test of a JUnit file, is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from paceline.model.cost import SharedFixture
from paceline.model.run import Phase, Run, RunStatus, TestRecord
from paceline.model.status import status_of
from paceline.report.exports.figures import broke, reason, started, stopped

_INTERNAL, _ERROR = 1, 2
_RUN_STATUS: dict[RunStatus, str] = {
    "measured": "success",
    "tests_failed": "failure",
    "not_provisioned": "skipped",
    "no_tests": "skipped",
    "interrupted": "aborted",
}
_TASK_RESULT = {"success": "success", "failure": "failure", "skipped": "skip", "aborted": "cancellation"}
Values = Mapping[str, str | float | bool | None]


def render(run: Run) -> str:
    """Return one ExportTraceServiceRequest."""
    scope = {"scope": {"name": "paceline", "version": run.header.paceline}, "spans": [*_spans(run)]}
    resource = {"attributes": _attributes(_resource(run))}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}, ensure_ascii=False)


def _resource(run: Run) -> Values:
    values: dict[str, str | float | bool | None] = {"service.name": "pytest"}
    if (environment := run.header.environment) is not None:
        values |= {
            "service.version": environment.pytest,
            "host.arch": environment.machine,
            "host.cpu.model.name": environment.cpu_model,
            "process.runtime.name": environment.implementation,
            "process.runtime.version": environment.python,
        }
    if (revision := run.header.revision) is not None:
        values |= {"vcs.ref.head.revision": revision.commit, "vcs.ref.head.name": revision.branch}
    return values


def _spans(run: Run) -> Iterator[dict[str, Any]]:
    trace, root = _id(run.header.run_id, 32), _id(f"{run.header.run_id}/run", 16)
    ends = [end for test in run.tests if (end := stopped(test)) is not None]
    ends += [event.start + event.values.get("duration", 0.0) for event in run.costs.fixtures]
    if run.end is not None and run.end.ended_at is not None:
        ends.append(run.end.ended_at)
    status = _RUN_STATUS.get(status_of(run), "failure")
    name = run.header.suite or "tests"
    yield _span(
        (trace, root, ""),
        f"pytest {name}",
        (run.header.started_at, max([run.header.started_at, *ends])),
        {
            "test.suite.name": name,
            "test.suite.run.status": status,
            "cicd.pipeline.task.name": name,
            "cicd.pipeline.task.type": "test",
            "cicd.pipeline.task.run.id": run.header.run_id,
            "cicd.pipeline.task.run.result": _TASK_RESULT[status],
        },
        failed="tests failed" if status == "failure" else None,
    )
    parents: dict[tuple[str | None, str], str] = {}
    for test in run.tests:
        start, stop = started(test), stopped(test)
        if start is None or stop is None:
            continue
        own = _id(f"{run.header.run_id}/{test.worker}/{test.nodeid}/{test.attempt}", 16)
        parents[test.nodeid, test.worker] = own
        yield _of_test(test, (trace, own, root), (start, stop))
        for phase in test.phases:
            if phase.start:
                yield _of_phase(phase, (trace, _id(f"{own}/{phase.phase}", 16), own))
    for at, event in enumerate(run.costs.fixtures):
        parent = parents.get((event.nodeid, event.worker), root)
        yield _of_fixture(event, (trace, _id(f"{run.header.run_id}/fixture/{at}", 16), parent))


def _of_test(test: TestRecord, ids: tuple[str, str, str], times: tuple[float, float]) -> dict[str, Any]:
    verdict = "fail" if broke(test.outcome) else "pass" if test.outcome == "passed" else None
    values: Values = {
        "test.case.name": test.nodeid,
        "test.case.result.status": verdict,
        "code.file.path": test.path,
        "code.line.number": None if test.lineno is None else test.lineno + 1,
        "paceline.outcome": test.outcome,
        "paceline.worker": test.worker,
        "paceline.attempt": test.attempt,
    }
    return _span(ids, test.nodeid, times, values, failed=_failure(test))


def _failure(test: TestRecord) -> str | None:
    return (reason(test) or test.outcome) if broke(test.outcome) else None


def _of_phase(phase: Phase, ids: tuple[str, str, str]) -> dict[str, Any]:
    start = phase.start or 0.0
    fixtures = {f"paceline.fixture.{use.argname}.duration": use.own.get("duration") for use in phase.fixtures}
    values: Values = {"paceline.phase": phase.phase, "paceline.outcome": phase.outcome, **fixtures}
    metrics = {f"paceline.{name}": value for name, value in phase.values.items()}
    times = (start, start + phase.values.get("duration", 0.0))
    failed = (phase.reason or phase.outcome) if phase.outcome in ("failed", "crashed") else None
    return _span(ids, phase.phase, times, {**values, **metrics}, failed=failed)


def _of_fixture(event: SharedFixture, ids: tuple[str, str, str]) -> dict[str, Any]:
    values: Values = {
        "paceline.fixture.name": event.argname,
        "paceline.fixture.scope": event.scope,
        "paceline.fixture.event": event.event,
        "paceline.outcome": event.outcome,
        "paceline.worker": event.worker,
    }
    metrics = {f"paceline.{name}": value for name, value in event.own.items()}
    times = (event.start, event.start + event.values.get("duration", 0.0))
    failed = "the fixture failed" if event.outcome == "failed" else None
    return _span(ids, f"fixture {event.argname}", times, {**values, **metrics}, failed=failed)


def _span(
    ids: tuple[str, str, str], name: str, times: tuple[float, float], values: Values, *, failed: str | None
) -> dict[str, Any]:
    trace, own, parent = ids
    start, stop = times
    return {
        "traceId": trace,
        "spanId": own,
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": _INTERNAL,
        # 64-bit integers are strings in protobuf's JSON.
        "startTimeUnixNano": str(round(start * 1e9)),
        "endTimeUnixNano": str(round(stop * 1e9)),
        "attributes": _attributes(values),
        "status": {"code": _ERROR, "message": failed} if failed else {},
    }


def _attributes(values: Values) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: str | float | bool) -> dict[str, str | float | bool]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}


def _id(text: str, digits: int) -> str:
    """Return the same hexadecimal digits for the same `text`, so that a run sent twice is one trace."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:digits]
