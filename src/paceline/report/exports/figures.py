"""What the formats want to know of a test."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.model.run import Outcome, Run, TestRecord


def seconds(test: TestRecord) -> float | None:
    """Return the wall seconds of all phases; None where no phase knows."""
    known = [phase.values["duration"] for phase in test.phases if "duration" in phase.values]
    return sum(known) if known else None


def started(test: TestRecord) -> float | None:
    """Return seconds since the epoch; None if unknown."""
    return next((phase.start for phase in test.phases if phase.start), None)


def stopped(test: TestRecord) -> float | None:
    """Return seconds since the epoch; None if unknown."""
    ends = [phase.start + phase.values.get("duration", 0.0) for phase in test.phases if phase.start]
    return max(ends, default=None)


def reason(test: TestRecord) -> str | None:
    """Return the first line of why it failed or was skipped."""
    return next((phase.reason for phase in test.phases if phase.reason), None)


def counts(run: Run, test: TestRecord) -> Mapping[str, float]:
    """Return the metrics that repeat exactly, summed over the phases, by name; what is unknown is absent."""
    found: dict[str, float] = {}
    for metric in run.header.metrics:
        values = [phase.values[metric.name] for phase in test.phases if metric.name in phase.values]
        if values and metric.noise == "counted":
            found[metric.name] = max(values) if metric.aggregate == "max" else sum(values)
    return found


def broke(outcome: Outcome) -> bool:
    """Tell whether `outcome` makes pytest fail."""
    return outcome in ("failed", "error", "crashed")
