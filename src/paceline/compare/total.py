"""Sums over many tests: of the suite, the parts of its session, its shared fixtures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import exp, log, sqrt

from paceline.compare.rules import GC_TIME, Rules
from paceline.compare.timing import Pairs
from paceline.model.comparison import BUDGET, Delta, SeriesKey, Side, Subject
from paceline.model.profile import TIMES, Profile, Summary
from paceline.model.run import PHASES, PhaseName
from paceline.stats.noise import Score, usual_spread
from paceline.stats.robust import TO_SIGMA

#: Robust standard deviation of what a whole job adds to the log of a total; measured, see the documentation.
_JOB_SPREAD = 0.05
_BEFORE_TESTS = ("startup", "configure", "collection")
#: `start` is all that comes before the first test.
_PARTS = ("start", *_BEFORE_TESTS, "between", "finish")
_LEAST_ROUNDS = 3
CONFIRM = (
    "one job can't tell a slower total from a slower machine; confirm it with repeated runs of both sides"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Total:
    """The same sum on both sides."""

    subject: Subject
    name: str
    metric: str
    before: Summary
    after: Summary


def judge_totals(
    base: Side, candidate: Side, pairs: Pairs, factor: float | None, rules: Rules
) -> Iterator[Delta]:
    """Yield a verdict on every total that both sides have.

    Args:
        pairs: only these tests are summed, so that a new test isn't a slower suite.
        factor: speed of the machine as the single tests show it; it is taken out of what isn't made of them.
    """
    for total in _totals(base.profile, candidate.profile, pairs):
        speed = factor if total.subject != "suite" and factor is not None else 1.0
        yield _judged(candidate.profile.suite, total, speed, rules)


def judge_budget(candidate: Side, budget: float | None) -> Iterator[Delta]:
    """Yield that the suite took longer than its budget of seconds in every round, or in some."""
    wall = candidate.profile.wall_time
    if budget is None or wall is None or wall.high <= budget:
        return
    key = SeriesKey(suite=candidate.profile.suite, subject="suite", name="budget", phase=None, metric=BUDGET)
    rounds = "in its only run" if wall.n == 1 else f"in each of {wall.n} rounds"
    delta = Delta(
        key=key,
        evidence="total",
        verdict="regressed",
        before=budget,
        after=wall.median,
        ratio=wall.median / budget,
        runs=(0, wall.n),
        reason=f"over its budget {rounds}",
    )
    if wall.low <= budget:
        delta = replace(delta, verdict="inconclusive", reason=f"over its budget in some of {wall.n} rounds")
    yield delta


def judge_test_budgets(candidate: Side) -> Iterator[Delta]:
    """Yield the tests that took longer than the budget of their own marker."""
    for test in candidate.profile.tests:
        metrics = [
            next((metrics[name] for name in TIMES if name in metrics), None)
            for metrics in test.phases.values()
        ]
        known = [summary for summary in metrics if summary is not None]
        if test.budget is None or not known:
            continue
        low, high = sum(summary.low for summary in known), sum(summary.high for summary in known)
        rounds = min(summary.n for summary in known)
        if high <= test.budget:
            continue
        convicted = low > test.budget and rounds >= _LEAST_ROUNDS
        yield Delta(
            key=SeriesKey(
                suite=candidate.profile.suite, subject="test", name=test.nodeid, phase=None, metric=BUDGET
            ),
            evidence="timed",
            verdict="regressed" if convicted else "inconclusive",
            before=test.budget,
            after=sum(summary.median for summary in known),
            ratio=sum(summary.median for summary in known) / test.budget,
            runs=(0, rounds),
            reason=f"over the budget of its marker in each of {rounds} rounds"
            if convicted
            else f"over the budget of its marker; it takes {_LEAST_ROUNDS} rounds in a row to be sure",
        )


def _totals(base: Profile, candidate: Profile, pairs: Pairs) -> Iterator[_Total]:
    for metric in TIMES:
        before, after = _sum(pairs, 0, metric), _sum(pairs, 1, metric)
        if before is not None and after is not None:
            yield _Total(subject="suite", name="tests", metric=metric, before=before, after=after)
            break
    for phase in PHASES:
        for metric in TIMES:
            before, after = _sum(pairs, 0, metric, phase), _sum(pairs, 1, metric, phase)
            if before is not None and after is not None:
                yield _Total(subject="part", name=phase, metric=metric, before=before, after=after)
                break
    start = _start(base.totals), _start(candidate.totals)
    yield from _common("part", {**base.totals, **start[0]}, {**candidate.totals, **start[1]}, _PARTS)
    yield from _common("fixture", base.fixtures, candidate.fixtures, tuple(sorted(base.fixtures)))


def _common(
    subject: Subject,
    base: Mapping[str, Mapping[str, Summary]],
    candidate: Mapping[str, Mapping[str, Summary]],
    names: tuple[str, ...],
) -> Iterator[_Total]:
    for name in names:
        before, after = base.get(name, {}), candidate.get(name, {})
        metric = next((metric for metric in TIMES if metric in before and metric in after), None)
        if metric is not None:
            yield _Total(
                subject=subject, name=name, metric=metric, before=before[metric], after=after[metric]
            )


def _start(totals: Mapping[str, Mapping[str, Summary]]) -> dict[str, dict[str, Summary]]:
    known = [totals[name]["duration"] for name in _BEFORE_TESTS if "duration" in totals.get(name, {})]
    if len(known) < len(_BEFORE_TESTS):
        return {}
    whole = Summary(
        n=min(one.n for one in known),
        median=sum(one.median for one in known),
        spread=sqrt(sum((one.spread or 0.0) ** 2 for one in known)),
        low=sum(one.low for one in known),
        high=sum(one.high for one in known),
    )
    return {"start": {"duration": whole}}


def _sum(pairs: Pairs, at: int, metric: str, phase: PhaseName | None = None) -> Summary | None:
    """Return the sum over tests of a time and, where it leaves them out, of the garbage collections in it."""
    phases = PHASES if phase is None else (phase,)
    medians, variance, rounds = 0.0, 0.0, 0
    for pair in pairs:
        for name in phases:
            metrics = pair[at].phases.get(name, {})
            summary = metrics.get(metric)
            if summary is None:
                continue
            # A baseline file doesn't hold them; a sum with them on one side only would compare nothing.
            known = all(GC_TIME in test.phases.get(name, {}) for test in pair)
            collections = metrics.get(GC_TIME) if metric == "clean_time" and known else None
            medians += summary.median + (collections.median if collections else 0.0)
            variance += (summary.spread or 0.0) ** 2
            rounds = summary.n if rounds == 0 else min(rounds, summary.n)
    if not rounds:
        return None
    return Summary(n=rounds, median=medians, spread=sqrt(variance), low=medians, high=medians)


def _judged(suite: str, total: _Total, speed: float, rules: Rules) -> Delta:
    before, after = total.before, total.after
    key = SeriesKey(suite=suite, subject=total.subject, name=total.name, phase=None, metric=total.metric)
    delta = Delta(
        key=key,
        evidence="total",
        verdict="unchanged",
        before=before.median,
        after=after.median,
        runs=(before.n, after.n),
    )
    if before.median <= 0 or after.median <= 0:
        return delta
    shift = log(after.median / before.median / speed)
    error = _error(before)
    score = Score(ratio=exp(shift), z=shift / error, error=error)
    delta = replace(
        delta,
        ratio=score.ratio,
        z=score.z,
        interval=(exp(shift - 2 * error), exp(shift + 2 * error)),
        detectable=rules.total.detectable(error, before.median),
    )
    direction = rules.total.direction(score, before.median)
    if direction == 0:
        return delta
    word = "slower" if direction > 0 else "faster"
    return replace(delta, verdict="inconclusive", reason=f"suspiciously {word}: {CONFIRM}")


def _error(before: Summary) -> float:
    sigma = usual_spread(before.median)
    if before.spread is not None and before.n >= _LEAST_ROUNDS:
        sigma = max(TO_SIGMA * before.spread / before.median, sigma / 2)
    return sqrt(sigma * sigma * (1 + 1 / max(1, before.n)) + _JOB_SPREAD * _JOB_SPREAD)
