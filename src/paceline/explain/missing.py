"""Says why a part of the page has nothing to show: nobody looked, or there was nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.page import PagePart
from paceline.model.run import Run

#: The metric that tells whether anybody looked, and how what it counts is called.
_LOOKED: dict[PagePart, tuple[str, str]] = {
    "statements": ("sql_time", "SQL statements"),
    "waiting": ("sleep_time", "sleeps, requests and programs"),
}


def missing_parts(run: Run, *, has_lanes: bool, runs: int) -> dict[PagePart, str]:
    """Return why parts of the page are empty, as sentences, by part; those that aren't may be told, too.

    Args:
        has_lanes: whether the times of day of tests are known.
        runs: how many runs of the suite are known, this one included.
    """
    return dict(_found(run, has_lanes=has_lanes, runs=runs))


def _found(run: Run, *, has_lanes: bool, runs: int) -> Iterator[tuple[PagePart, str]]:
    recorded = {metric.name for metric in run.header.metrics}
    imported = run.header.environment is None and not run.spans
    source = run.header.paceline if imported else "this run"
    if not has_lanes:
        yield "timeline", f"No timeline: {source} doesn't say when each test ran."
    used = run.costs.fixtures or any(phase.fixtures for test in run.tests for phase in test.phases)
    if not used:
        yield "fixtures", f"No fixtures: {source} tells of none."
    off = {one.name: one.reason for one in run.metrics_off}
    for part, (metric, words) in _LOOKED.items():
        if metric in off:
            yield part, f"No {words}: they could not be recorded, {off[metric]}."
        elif metric not in recorded:
            yield part, f"No {words}: {source} didn't record them, so their seconds are in the other kinds."
        elif part == "statements" and not any(_runs_sql(run)):
            yield part, "No SQL statements: none was run."
    if runs < 2:
        yield "history", "No history: this is the only run of its suite that is known here."


def _runs_sql(run: Run) -> Iterator[bool]:
    for test in run.tests:
        for phase in test.phases:
            yield any(operation.kind == "sql" for operation in phase.operations)
    for event in run.costs.fixtures:
        yield any(operation.kind == "sql" for operation in event.operations)
