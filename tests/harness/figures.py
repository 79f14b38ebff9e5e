"""Figures made up for tests of comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.harness.records import make_environment

from paceline.model.comparison import Comparison, Delta, Side, Verdict
from paceline.model.metric import Metric
from paceline.model.profile import Profile, Summary, TestSeries
from paceline.model.run import Outcome, PhaseName
from paceline.stats.summary import summarise

METRICS = (
    Metric(name="duration", unit="s"),
    Metric(name="clean_time", unit="s"),
    Metric(name="sql_statements", unit="1", noise="counted"),
    Metric(name="gc_full_collections", unit="1", noise="counted"),
)


def figure(*values: float) -> Summary:
    """Return the summary of some measurements."""
    return summarise(values)


def a_series(
    nodeid: str,
    call: Mapping[str, float | Sequence[float]] | float = 0.01,
    *,
    outcome: Outcome = "passed",
    source_hash: str | None = None,
    budget: float | None = None,
    phase: PhaseName = "call",
) -> TestSeries:
    """Return a test with one phase; a bare number is its clean time and its duration in seconds."""
    given = call if isinstance(call, Mapping) else {"clean_time": call, "duration": call}
    metrics = {
        name: figure(*values) if isinstance(values, Sequence) else figure(values)
        for name, values in given.items()
    }
    return TestSeries(
        nodeid=nodeid, outcome=outcome, phases={phase: metrics}, source_hash=source_hash, budget=budget
    )


def a_side(*tests: TestSeries, label: str = "side", wall: Summary | None = None, **changes: object) -> Side:
    """Return a measured side with these tests."""
    profile = Profile(
        suite="s",
        marker="s",
        command="python -m pytest -m s",
        status="measured",
        rounds=1,
        wall_time=wall or figure(1.0),
        tests=tests,
        metrics=METRICS,
        environment=make_environment(),
    )
    return Side(label=label, profile=replace(profile, **changes))  # type: ignore[arg-type]  # any field


def crowd(number: int = 30, seconds: float = 0.01) -> tuple[TestSeries, ...]:
    """Return tests that take the same time, so that the speed of the machine is known."""
    return tuple(a_series(f"t.py::test_crowd_{at}", seconds) for at in range(number))


def of(comparison: Comparison, name: str, metric: str = "clean_time") -> Delta:
    """Return the one series of a comparison with that name and metric."""
    found = [delta for delta in comparison.deltas if (delta.key.name, delta.key.metric) == (name, metric)]
    assert len(found) == 1, [delta.key for delta in comparison.deltas]
    return found[0]


def verdicts(deltas: Iterable[Delta]) -> set[Verdict]:
    """Return the verdicts that were given."""
    return {delta.verdict for delta in deltas}
