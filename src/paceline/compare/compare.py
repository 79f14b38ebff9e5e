"""Two sides of a suite, laid beside each other: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf

from paceline.compare.align import Alignment, align
from paceline.compare.comparable import differences, selections
from paceline.compare.count import judge_count
from paceline.compare.drift import judge_drift
from paceline.compare.explain import explained
from paceline.compare.remarks import remarks
from paceline.compare.rules import Rules, counted
from paceline.compare.start import judge_imports
from paceline.compare.timing import Pairs, judge_times
from paceline.compare.total import judge_budget, judge_test_budgets, judge_totals
from paceline.model.comparison import Comparison, Delta, SeriesKey, Side
from paceline.model.metric import Metric
from paceline.model.profile import SETUPS, Profile, Summary, TestSeries
from paceline.model.run import PHASES

#: Recorders leave out set-ups that are faster, not the same ones in each run, so that their number varies.
_RECORDED = 0.001


def compare(base: Side, candidate: Side, rules: Rules, budget: float | None = None) -> Comparison:
    """Return the verdict on every series of a suite.

    Args:
        budget: seconds that the suite may take.
    """
    old, new = base.profile, candidate.profile
    empty = Comparison(
        suite=new.suite,
        base=base.label,
        candidate=candidate.label,
        renamed={},
        revisions=_revisions(old, new),
    )
    missing = [
        f"{side.label}: {_why_none(side.profile)}" for side in (base, candidate) if not _measured(side)
    ]
    if missing:
        return replace(empty, selections=tuple(missing))
    over = (*judge_budget(candidate, budget), *judge_test_budgets(candidate))
    apart = selections(old, new)
    alignment = align(old.tests, new.tests)
    if not apart and not alignment.pairs:
        apart = ("no test ran on both sides",)
    if apart:
        return replace(empty, selections=apart, deltas=over)
    reasons = differences(old, new)
    timing = judge_times(new.suite, base, candidate, alignment.pairs, rules)
    timed: tuple[Delta, ...] = ()
    imports: tuple[Delta, ...] = ()
    if reasons:
        timed = tuple(_incomparable(delta, "; ".join(reasons)) for delta in timing.deltas)
    elif not timing.usable and timing.factor is not None and not rules.at_any_speed:
        reason = _too_far(timing.factor)
        timed = tuple(_unknown(delta, reason) for delta in timing.deltas)
    else:
        totals = judge_totals(base, candidate, alignment.pairs, timing.factor, rules)
        timed = (*timing.deltas, *totals)
        imports = judge_imports(new.suite, base.runs, candidate.runs, timing.factor or 1.0, rules)
    counts = _counts(old, new, alignment.pairs)
    drifted = judge_drift(base.anchor, candidate, rules)
    deltas = (*over, *counts, *timed, *drifted, *_one_sided(new.suite, alignment))
    return replace(
        empty,
        deltas=(
            *imports,
            *explained((_own_change(delta, alignment) for delta in deltas), base, candidate, alignment),
        ),
        differences=reasons,
        machine_factor=timing.factor,
        metric=timing.metric,
        renamed=alignment.renamed,
        changed_tests=tuple(sorted(alignment.changed)),
        notes=tuple(remarks(base, candidate, timing.metric, alignment.pairs)),
    )


def _measured(side: Side) -> bool:
    """Tell whether there is anything to compare; a run that nobody timed from outside still has its tests."""
    return side.profile.status in ("measured", "tests_failed") and bool(
        side.profile.tests or side.profile.wall_time
    )


def _why_none(profile: Profile) -> str:
    return profile.reason or profile.status.replace("_", " ")


def _revisions(old: Profile, new: Profile) -> tuple[str | None, str | None]:
    before, after = old.revision, new.revision
    return before.commit if before else None, after.commit if after else None


#: What happens once for a process, where it's needed first: a pool connects, a file is cached.
_OF_FIRST_USE = ("db_connections", "files_opened")
_ANY_WORKER = "with several workers it depends on which test comes first in one"
_ONE_RUN = "in one run it depends on which test, or which of its threads, comes first"
#: Runs of each side in which a count of first uses has to be the same.
_SURE = 2


def _counts(old: Profile, new: Profile, pairs: Pairs) -> Iterator[Delta]:
    metrics = counted(old.metrics, new.metrics)
    for before, after in pairs:
        if before.outcome != after.outcome:
            continue  # a test that ends early counts less
        for phase in PHASES:
            if phase not in before.phases or phase not in after.phases:
                continue
            then, now = before.phases[phase], after.phases[phase]
            for name in metrics.keys() & (then.keys() | now.keys()):
                key = SeriesKey(suite=new.suite, subject="test", name=after.nodeid, phase=phase, metric=name)
                delta = judge_count(key, metrics[name], then.get(name), now.get(name))
                if delta is not None:
                    yield _with_doubt(delta, old, new)
    if old.workers or new.workers:
        return  # each worker builds its own, depending on which tests it is given
    yield from _fixture_counts(old, new, metrics)


def _fixture_counts(old: Profile, new: Profile, metrics: Mapping[str, Metric]) -> Iterator[Delta]:
    for fixture in sorted(old.fixtures.keys() & new.fixtures.keys()):
        then, now = old.fixtures[fixture], new.fixtures[fixture]
        for name in sorted(metrics.keys() & (then.keys() | now.keys())):
            if name == SETUPS and max(_each(then), _each(now)) < _RECORDED:
                continue
            key = SeriesKey(suite=new.suite, subject="fixture", name=fixture, phase=None, metric=name)
            delta = judge_count(key, metrics[name], then.get(name), now.get(name))
            if delta is not None:
                yield _with_doubt(delta, old, new)


def _with_doubt(delta: Delta, old: Profile, new: Profile) -> Delta:
    """Return the difference of a count, as a suspicion where it may have nothing to do with the code."""
    if delta.key.metric not in _OF_FIRST_USE:
        return delta
    if old.workers or new.workers:
        return replace(delta, verdict="inconclusive", reason=_ANY_WORKER)
    if min(old.rounds, new.rounds) < _SURE:
        return replace(delta, verdict="inconclusive", reason=_ONE_RUN)
    return delta


def _each(fixture: Mapping[str, Summary]) -> float:
    """Return the seconds of one set-up of a shared fixture."""
    seconds, setups = fixture.get("duration"), fixture.get(SETUPS)
    if seconds is None or setups is None or not setups.median:
        return inf  # a file without seconds says nothing about fast ones
    return seconds.median / setups.median


def _one_sided(suite: str, alignment: Alignment) -> Iterator[Delta]:
    for test in alignment.added:
        yield _lone(suite, test, added=True)
    for test in alignment.removed:
        yield _lone(suite, test, added=False)


def _lone(suite: str, test: TestSeries, *, added: bool) -> Delta:
    known = [metrics["duration"].median for metrics in test.phases.values() if "duration" in metrics]
    seconds = sum(known) if known else None
    return Delta(
        key=SeriesKey(suite=suite, subject="test", name=test.nodeid, phase=None, metric="duration"),
        evidence="timed",
        verdict="added" if added else "removed",
        before=None if added else seconds,
        after=seconds if added else None,
    )


def _incomparable(delta: Delta, reason: str) -> Delta:
    return replace(
        delta, verdict="not_comparable", reason=reason, ratio=None, interval=None, z=None, detectable=None
    )


def _unknown(delta: Delta, reason: str) -> Delta:
    return replace(delta, verdict="inconclusive", reason=reason, ratio=None, interval=None, z=None)


def _too_far(factor: float) -> str:
    how = f"{factor:.2f} times as long" if factor > 1 else f"only {factor:.2f} times as long"
    return f"everything took {how}: another machine, or a change of all of it; `paceline gate` tells which"


def _own_change(delta: Delta, alignment: Alignment) -> Delta:
    """Return `delta` with what is known about its test: its former name, and whether its own code changed."""
    if delta.key.subject != "test":
        return delta
    former = alignment.renamed.get(delta.key.name)
    if former is not None:
        delta = replace(delta, renamed_from=former)
    if delta.key.name in alignment.changed and delta.verdict in ("regressed", "improved", "inconclusive"):
        return replace(delta, verdict="not_comparable", reason="the test itself was changed")
    return delta
