"""One suite as the page shows it: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from paceline.explain.account import account, parts_of
from paceline.explain.costs import fixture_costs, statement_costs
from paceline.explain.evidence import Evidence
from paceline.explain.kinds import times
from paceline.explain.missing import missing_parts
from paceline.explain.shares import Share
from paceline.explain.timeline import Interval, Lane, Timeline
from paceline.model.account import Subject
from paceline.model.comparison import Comparison
from paceline.model.page import LaneView, Mark, SuiteView, TestView
from paceline.model.profile import Profile
from paceline.model.run import Phase, Run, TestRecord
from paceline.model.status import final_attempts, reason_for, status_of

#: Pieces that the time of a worker is drawn in.
_SLOTS = 480
_MARKS = 12
_EXPLAINED = 12
_MOST_COSTS = 40
_MOST_CAUSES = 3
#: Share of a test from which on a cause is worth a word.
_TELLING_SHARE = 0.05


def suite_view(
    evidence: Evidence,
    command: str,
    runs: Sequence[tuple[float, Mapping[str, float]]],
    after: int,
    comparison: Comparison | None = None,
    base: Profile | None = None,
) -> SuiteView:
    """Return what the page shows of the suite that `evidence` is about.

    Args:
        command: what to type to run the same tests.
        runs: start and seconds by node id of each run of the suite, the oldest first.
        after: index of the first of them that belongs to the newest profile.
        base: what `comparison` compared with.
    """
    run = evidence.run
    name = run.header.suite or run.header.run_id
    return SuiteView(
        name=name,
        run_id=run.header.run_id,
        status=(status := status_of(run)),
        reason=reason_for(run, status),
        started_at=run.header.started_at,
        wall=run.end.duration if run.end is not None else None,
        facts=_facts(run, command),
        account=account(evidence, Subject(kind="run", name=name)),
        times=times(evidence.shares),
        lanes=tuple(_lane(lane, evidence.timeline) for lane in evidence.timeline.lanes),
        span=evidence.timeline.duration,
        fixtures=fixture_costs(evidence, _MOST_COSTS),
        statements=statement_costs(run, _MOST_COSTS),
        tests=_explained(tuple(_tests(run, runs, comparison, base)), evidence),
        runs=tuple(start for start, _ in runs),
        after=after,
        comparison=comparison,
        missing=missing_parts(run, has_lanes=bool(evidence.timeline.lanes), runs=len(runs)),
    )


def _facts(run: Run, command: str) -> tuple[tuple[str, str], ...]:
    environment, revision = run.header.environment, run.header.revision
    machine: list[tuple[str, str]] = []
    if environment is not None:
        machine = [
            ("Python", environment.python),
            ("pytest", environment.pytest),
            ("Processor", environment.cpu_model or ""),
        ]
    facts = [
        *machine,
        ("Paceline", run.header.paceline),
        ("Workers", str(run.header.workers or 1)),
        ("Branch", (revision.branch or "") if revision else ""),
        ("Commit", f"{revision.commit[:12]}{' with changes' if revision.dirty else ''}" if revision else ""),
        ("Command", command),
        *sorted(run.services.items()),
    ]
    return tuple((name, value) for name, value in facts if value)


def _lane(lane: Lane, timeline: Timeline) -> LaneView:
    longest = sorted(_whole(lane.intervals), key=lambda mark: -mark.duration)[:_MARKS]
    return LaneView(
        worker=lane.worker,
        tests=lane.tests,
        busy=lane.busy,
        idle=timeline.end - lane.end,
        strip=lane.strip(timeline.start, timeline.end, _SLOTS),
        longest=tuple(replace(mark, start=mark.start - timeline.start) for mark in longest),
    )


def _whole(intervals: Iterable[Interval]) -> list[Mark]:
    """Return every test from its first phase to its last, and every shared fixture."""
    spans: dict[str, tuple[float, float]] = {}
    found: list[Mark] = []
    for one in intervals:
        if one.kind == "fixture":
            found.append(
                Mark(name=f"fixture {one.name}", start=one.start, duration=max(0.0, one.end - one.start))
            )
        elif one.nodeid is not None:
            start, end = spans.get(one.nodeid, (one.start, one.end))
            spans[one.nodeid] = min(start, one.start), max(end, one.end)
    return found + [
        Mark(name=name, start=start, duration=max(0.0, end - start)) for name, (start, end) in spans.items()
    ]


def _tests(
    run: Run,
    runs: Sequence[tuple[float, Mapping[str, float]]],
    comparison: Comparison | None,
    base: Profile | None,
) -> Iterable[TestView]:
    verdicts = _verdicts(comparison)
    before = _before(base)
    renamed = comparison.renamed if comparison is not None else dict[str, str]()
    for test in final_attempts(run):
        phases = {phase.phase: _own(phase) for phase in test.phases}
        yield TestView(
            nodeid=test.nodeid,
            path=test.path,
            lineno=test.lineno,
            outcome=test.outcome,
            worker=test.worker,
            setup=phases.get("setup"),
            call=phases.get("call"),
            teardown=phases.get("teardown"),
            history=tuple(seconds.get(test.nodeid) for _, seconds in runs),
            verdict=verdicts.get(test.nodeid),
            before=before.get(renamed.get(test.nodeid, test.nodeid)),
        )


def seconds_of(run: Run) -> dict[str, float]:
    """Return the seconds of every test of `run`, its last attempt, by node id."""
    return {test.nodeid: _seconds(test) for test in final_attempts(run)}


def _seconds(test: TestRecord) -> float:
    return sum(_own(phase) for phase in test.phases)


def _own(phase: Phase) -> float:
    """Return seconds as comparisons and baselines know them: without what isolation took."""
    return max(0.0, phase.values.get("duration", 0.0))


_WORST_FIRST = ("regressed", "inconclusive", "added", "improved", "not_comparable", "unchanged")


def _verdicts(comparison: Comparison | None) -> dict[str, str]:
    """Return the worst verdict on any series of each test."""
    found: dict[str, str] = {}
    for delta in comparison.deltas if comparison is not None else ():
        if delta.key.subject == "test":
            known = found.get(delta.key.name)
            if known is None or _rank(delta.verdict) < _rank(known):
                found[delta.key.name] = delta.verdict
    return found


def _rank(verdict: str) -> int:
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)


def _before(base: Profile | None) -> dict[str, tuple[float, float, float]]:
    found: dict[str, tuple[float, float, float]] = {}
    for test in base.tests if base is not None else ():
        parts = [metrics["duration"] for metrics in test.phases.values() if "duration" in metrics]
        if parts:
            found[test.nodeid] = (
                sum(part.low for part in parts),
                sum(part.median for part in parts),
                sum(part.high for part in parts),
            )
    return found


def _explained(tests: Sequence[TestView], evidence: Evidence) -> tuple[TestView, ...]:
    """Return `tests`, the slowest of them and those that changed with what they were spent on."""
    worst = sorted(tests, key=lambda test: (-test.worsened, -test.seconds))[:_EXPLAINED]
    chosen = {test.nodeid for test in worst}
    shares: dict[str, list[Share]] = {}
    for share in evidence.shares:
        nodeid = share.stretch.nodeid
        # Isolation is in no test's seconds, nor is a shared fixture: it falls to whichever test is first.
        counted = share.stretch.kind != "shared" and share.cause != "isolation"
        if counted and nodeid is not None and nodeid in chosen:
            shares.setdefault(nodeid, []).append(share)
    return tuple(
        replace(test, causes=_causes(shares.get(test.nodeid, ()), evidence))
        if test.nodeid in chosen
        else test
        for test in tests
    )


def _causes(shares: Sequence[Share], evidence: Evidence) -> str:
    whole = sum(share.seconds for share in shares)
    parts = [part for part in parts_of(shares, evidence) if part.seconds >= _TELLING_SHARE * whole]
    return "; ".join(
        f"{part.seconds / whole:.0%} {part.text}{f' ({part.where})' if part.where else ''}"
        for part in parts[:_MOST_CAUSES]
    )
