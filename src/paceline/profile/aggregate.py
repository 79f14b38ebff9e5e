"""From the runs of a suite to its profile: pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from paceline.model.environment import Environment
from paceline.model.metric import ISOLATION_CPU_TIME, ISOLATION_TIME
from paceline.model.profile import (
    BETWEEN,
    ISOLATION,
    MEASURED_STATUSES,
    SETUPS,
    SHARED,
    Profile,
    SlowTest,
    Summary,
    TestSeries,
    fixture_name,
)
from paceline.model.run import OUTCOMES, Outcome, PhaseName, Run, RunStatus, TestRecord
from paceline.model.status import final_attempts, outcomes_of, reason_for, status_of, unreported
from paceline.stats.summary import summarise

Key = TypeVar("Key", bound=str)

#: How much of the list of slowest tests a former member may fall back without losing its place.
_PATIENCE = 2


def aggregate(suite: str, marker: str, command: str, runs: Sequence[Run]) -> Profile:
    """Sum up `runs`, in the order in which they were made.

    Runs without figures are left out as long as there are others; the status is that of the worst run that
    counts, so a test that failed in one round is not forgotten.

    Raises:
        ValueError: `runs` is empty.
    """
    if not runs:
        raise ValueError(f"no run of {suite}")
    statuses: list[RunStatus] = [status_of(run) for run in runs]
    counted = [run for run, status in zip(runs, statuses, strict=True) if status in MEASURED_STATUSES]
    deciding = _deciding(runs, statuses)
    last = counted[-1] if counted else runs[-1]
    status = status_of(deciding)
    lost = dict.fromkeys(nodeid for run in runs for nodeid in unreported(run))
    profile = Profile(
        suite=suite,
        marker=marker,
        command=command,
        status=status,
        reason=reason_for(deciding, status),
        recorded_at=_iso(last),
        rounds=len(counted),
        workers=last.header.workers,
        dist=last.header.dist,
        seed=last.header.seed,
        outcomes=_ordered(outcomes_of(last)),
        unreported=tuple(lost),
        environment=_environment(last),
        revision=last.header.revision,
    )
    return _with_figures(profile, counted) if counted else profile


def slowest(profile: Profile, limit: int, previous: Iterable[SlowTest] = ()) -> tuple[SlowTest, ...]:
    """Return the `limit` slowest phases, sorted by node id.

    A phase that was listed before keeps its place as long as it is among the `2 * limit` slowest: noise alone
    must not change which lines a committed file has.
    """
    ranked = ranking(profile)
    former = {(test.nodeid, test.phase) for test in previous}
    kept = [test for test in ranked[: _PATIENCE * limit] if (test.nodeid, test.phase) in former][:limit]
    taken = {(test.nodeid, test.phase) for test in kept}
    fresh = [test for test in ranked[:limit] if (test.nodeid, test.phase) not in taken]
    return tuple(sorted([*kept, *fresh[: limit - len(kept)]], key=lambda test: (test.nodeid, test.phase)))


def ranking(profile: Profile) -> list[SlowTest]:
    """Return every phase of every test, the slowest first."""
    phases = [
        SlowTest(nodeid=test.nodeid, duration=metrics["duration"].median, phase=phase)
        for test in profile.tests
        for phase, metrics in test.phases.items()
        if "duration" in metrics
    ]
    return sorted(phases, key=lambda test: -test.duration)


def _deciding(runs: Sequence[Run], statuses: Sequence[RunStatus]) -> Run:
    for wanted in ("tests_failed", "measured"):
        for run, status in zip(runs, statuses, strict=True):
            if status == wanted:
                return run
    return runs[-1]


def _with_figures(profile: Profile, runs: Sequence[Run]) -> Profile:
    ends = [run.end for run in runs if run.end is not None]
    walls = [end.duration for end in ends if end.duration is not None]
    cpus = [end.cpu_time for end in ends if end.cpu_time is not None]
    return replace(
        profile,
        wall_time=summarise(walls) if walls else None,
        cpu_time=summarise(cpus) if cpus else None,
        totals=_summaries(_totals(run) for run in runs),
        fixtures=_summaries(_fixtures(run) for run in runs),
        metrics=runs[-1].header.metrics,
        tests=_tests(runs),
        unstable=_unstable(runs),
    )


def _totals(run: Run) -> dict[str, dict[str, float]]:
    """Return what each part of the session took, summed over tests and processes."""
    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for span in run.spans:
        if span.name == "tests":
            continue  # it contains the phases, see `_between`
        totals[span.name]["cpu_time"] += span.cpu_time
        if span.duration is not None:
            totals[span.name]["duration"] += span.duration
    for test in run.tests:
        for phase in test.phases:
            for metric, value in phase.values.items():
                if metric not in (ISOLATION_TIME, ISOLATION_CPU_TIME) or value:
                    totals[phase.phase][metric] += value
    for fixture in run.costs.fixtures:
        for metric, value in fixture.own.items():
            totals[SHARED][metric] += value
    _take_out_of_finish(run, totals)
    isolation, between = _isolation(run), _between(run)
    found = {ISOLATION: isolation} if isolation else {}
    return totals | found | ({BETWEEN: between} if between else {})


def _isolation(run: Run) -> dict[str, float]:
    """Return what isolation took in the phases and in shared fixtures; nothing where nothing is isolated."""
    parts = [phase.values for test in run.tests for phase in test.phases]
    parts += [fixture.own for fixture in run.costs.fixtures]
    wall = sum(part.get(ISOLATION_TIME, 0.0) for part in parts)
    cpu = sum(part.get(ISOLATION_CPU_TIME, 0.0) for part in parts)
    return {"duration": wall, "cpu_time": cpu} if wall or cpu else {}


def _take_out_of_finish(run: Run, totals: Mapping[str, dict[str, float]]) -> None:
    """Let what was torn down after the last test count once: the span `finish` contains it."""
    finish = totals.get("finish", {})
    for fixture in run.costs.fixtures:
        if fixture.nodeid is None:
            for metric in finish:
                finish[metric] = max(0.0, finish[metric] - fixture.own.get(metric, 0.0))


def _between(run: Run) -> dict[str, float]:
    """Return what the run loop took besides phases and fixtures: reports, tracebacks, other plugins.

    Not for workers of pytest-xdist, whose run loop also waits for the next test.
    """
    loop = next((span for span in run.spans if (span.name, span.worker) == ("tests", "main")), None)
    if loop is None or loop.duration is None or run.header.workers:
        return {}
    spent = {"duration": loop.duration, "cpu_time": loop.cpu_time}
    within: dict[str, float] = defaultdict(float)
    for part in (phase.values for test in run.tests for phase in test.phases):
        for metric, value in part.items():
            within[metric] += value
    for fixture in run.costs.fixtures:
        if fixture.nodeid is not None:
            for metric, value in fixture.own.items():
                within[metric] += value
    # A phase's figures leave out what isolation took in it.
    for metric, apart in (("duration", ISOLATION_TIME), ("cpu_time", ISOLATION_CPU_TIME)):
        within[metric] += within.get(apart, 0.0)
    return {metric: max(0.0, value - within.get(metric, 0.0)) for metric, value in spent.items()}


def _fixtures(run: Run) -> dict[str, dict[str, float]]:
    """Return what each shared fixture took without those it needs, and how often it was set up."""
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for fixture in run.costs.fixtures:
        name = fixture_name(fixture)
        spent[name][SETUPS] += fixture.event == "setup"
        for metric, value in fixture.own.items():
            spent[name][metric] += value
    return spent


def _tests(runs: Sequence[Run]) -> tuple[TestSeries, ...]:
    by_nodeid: dict[str, list[TestRecord]] = defaultdict(list)
    for run in runs:
        for test in final_attempts(run):
            by_nodeid[test.nodeid].append(test)
    return tuple(
        TestSeries(
            nodeid=nodeid,
            outcome=records[-1].outcome,
            phases=_phases(records),
            source_hash=records[-1].source_hash,
            budget=records[-1].budget,
        )
        for nodeid, records in sorted(by_nodeid.items())
    )


def _unstable(runs: Sequence[Run]) -> tuple[str, ...]:
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for run in runs:
        for test in final_attempts(run):
            outcomes[test.nodeid].add(test.outcome)
    return tuple(sorted(nodeid for nodeid, seen in outcomes.items() if len(seen) > 1))


def _phases(records: Sequence[TestRecord]) -> dict[PhaseName, dict[str, Summary]]:
    parts: list[dict[PhaseName, Mapping[str, float]]] = [
        {phase.phase: phase.values for phase in record.phases if phase.values} for record in records
    ]
    return _summaries(_without_idle_isolation(parts))


def _without_idle_isolation(
    parts: Sequence[Mapping[PhaseName, Mapping[str, float]]],
) -> list[dict[PhaseName, dict[str, float]]]:
    """Leave out isolation where it had nothing to do: its zeros would stand at every test of a project."""
    idle = {ISOLATION_TIME, ISOLATION_CPU_TIME}
    for part in parts:
        for values in part.values():
            idle -= {metric for metric in idle if values.get(metric)}
    return [
        {
            phase: {metric: value for metric, value in values.items() if metric not in idle}
            for phase, values in part.items()
        }
        for part in parts
    ]


def _summaries(parts: Iterable[Mapping[Key, Mapping[str, float]]]) -> dict[Key, dict[str, Summary]]:
    collected: dict[Key, dict[str, list[float]]] = {}
    for part in parts:
        for key, metrics in part.items():
            for metric, value in metrics.items():
                collected.setdefault(key, {}).setdefault(metric, []).append(value)
    return {
        key: {metric: summarise(values) for metric, values in metrics.items()}
        for key, metrics in collected.items()
    }


def _ordered(outcomes: Counter[Outcome]) -> dict[Outcome, int]:
    return {outcome: outcomes[outcome] for outcome in OUTCOMES if outcomes[outcome]}


def _environment(run: Run) -> Environment | None:
    if run.header.environment is None:
        return None
    return replace(run.header.environment, services=dict(sorted(run.services.items())))


def _iso(run: Run) -> str:
    return datetime.fromtimestamp(run.header.started_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
