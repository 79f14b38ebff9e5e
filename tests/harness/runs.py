"""Runs made up for tests of what is pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from tests.harness.records import make_header

from paceline.model.metric import Metric
from paceline.model.run import PHASES, Phase, Run, RunEnd, RunStatus, TestRecord

HEADER = replace(make_header(suite="schema"), metrics=(Metric(name="duration", unit="s"),))


def a_test(
    nodeid: str,
    *,
    setup: str | None = "passed",
    call: str | None = "passed",
    teardown: str | None = "passed",
    run_status: RunStatus | None = None,
) -> TestRecord:
    """Return a test with these outcomes of its phases; None for one that was never reached."""
    outcomes = zip(PHASES, (setup, call, teardown), strict=True)
    return TestRecord(
        nodeid=nodeid,
        path="t.py",
        lineno=0,
        markers=(),
        worker="main",
        attempt=1,
        phases=tuple(
            Phase(
                phase=name,
                outcome=cast("Any", outcome),
                start=0.0,
                values={"duration": 0.1},
                reason=None if outcome == "passed" else "because",
                run_status=run_status if outcome == "failed" else None,
            )
            for name, outcome in outcomes
            if outcome is not None
        ),
    )


def run_of(*tests: TestRecord, exit_code: int | None = 0, collected: tuple[str, ...] | None = None) -> Run:
    """Return a run of `tests` that ended by itself."""
    names = tuple(dict.fromkeys(test.nodeid for test in tests))
    return Run(
        header=HEADER,
        collected=names if collected is None else collected,
        tests=tests,
        end=RunEnd(exit_code=exit_code),
    )
