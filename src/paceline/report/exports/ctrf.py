"""Common Test Report Format: https://ctrf.io. Times in it are whole milliseconds."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from paceline.model.run import Outcome, Run, TestRecord
from paceline.model.status import final_attempts
from paceline.report.exports.figures import broke, reason, seconds, started, stopped

_SPEC_VERSION = "0.1.0"
_STATES = ("passed", "failed", "skipped", "pending", "other")


def render(run: Run) -> str:
    """Return the report; a test whose time is unknown has 0, and says so in its `extra`."""
    attempts: dict[str, list[TestRecord]] = {}
    for test in run.tests:
        attempts.setdefault(test.nodeid, []).append(test)
    tests = [_test(test, attempts[test.nodeid]) for test in final_attempts(run)]
    return json.dumps(
        {
            "reportFormat": "CTRF",
            "specVersion": _SPEC_VERSION,
            "generatedBy": f"pytest-paceline {run.header.paceline}",
            "results": {
                "tool": _known(name="pytest", version=_environment(run, "pytest")),
                "summary": _summary(run, Counter(test["status"] for test in tests), len(tests)),
                "tests": tests,
                "environment": _known(
                    commit=run.header.revision.commit if run.header.revision else None,
                    branchName=run.header.revision.branch if run.header.revision else None,
                    osPlatform=_environment(run, "system"),
                    extra=_known(runId=run.header.run_id, suite=run.header.suite),
                ),
            },
        },
        ensure_ascii=False,
        indent=1,
    )


def _summary(run: Run, states: Counter[str], number: int) -> dict[str, int]:
    ends = [end for test in run.tests if (end := stopped(test)) is not None]
    if run.end is not None and run.end.ended_at is not None:
        ends.append(run.end.ended_at)
    start = run.header.started_at
    return {
        "tests": number,
        **{state: states[state] for state in _STATES},
        "start": _milliseconds(start),
        "stop": _milliseconds(max([start, *ends])),
    }


def _test(test: TestRecord, attempts: list[TestRecord]) -> dict[str, Any]:
    *suite, name = test.nodeid.split("::") if "[" not in test.nodeid else _split(test.nodeid)
    took, start, stop = seconds(test), started(test), stopped(test)
    earlier = attempts[: attempts.index(test)]
    return _known(
        name=name or test.nodeid,
        status=_status(test.outcome),
        duration=_milliseconds(took or 0.0),
        start=None if start is None else _milliseconds(start),
        stop=None if stop is None else _milliseconds(stop),
        suite=suite or None,
        message=reason(test),
        line=None if test.lineno is None else test.lineno + 1,
        rawStatus=test.outcome,
        tags=list(test.markers) or None,
        filePath=test.path,
        retries=len(earlier) or None,
        retryAttempts=[_attempt(one, at) for at, one in enumerate(earlier, 1)] or None,
        flaky=True if test.outcome == "passed" and any(broke(one.outcome) for one in earlier) else None,
        threadId=test.worker,
        extra=_known(nodeid=test.nodeid, durationUnknown=True if took is None else None),
    )


def _split(nodeid: str) -> list[str]:
    """Split before the parameters, which may contain colons."""
    bare, _, parameters = nodeid.partition("[")
    *suite, name = bare.split("::")
    return [*suite, f"{name}[{parameters}"]


def _attempt(test: TestRecord, number: int) -> dict[str, Any]:
    took = seconds(test)
    return _known(
        attempt=number,
        status=_status(test.outcome),
        duration=None if took is None else _milliseconds(took),
        message=reason(test),
    )


def _status(outcome: Outcome) -> str:
    if broke(outcome):
        return "failed"
    match outcome:
        case "passed" | "skipped":
            return outcome
        case "xpassed":
            return "passed"
        case _:
            return "other"


def _environment(run: Run, name: str) -> str | None:
    return None if run.header.environment is None else getattr(run.header.environment, name)


def _milliseconds(value: float) -> int:
    return round(value * 1e3)


def _known(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
