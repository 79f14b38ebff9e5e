"""Times of single tests, judged by the noise model: one run nominates and never convicts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from paceline.compare.jobs import jobs_of
from paceline.compare.rules import GC_COUNT, Rules
from paceline.model.comparison import Delta, SeriesKey, Side
from paceline.model.profile import TIMES, Summary, TestSeries
from paceline.model.run import PHASES, PhaseName, Run
from paceline.model.status import final_attempts
from paceline.stats.multiplicity import adjusted, upper_tail
from paceline.stats.noise import Noise, Score, Scored, fit, scored, shrunk, widened
from paceline.stats.nomination import RECURRENCES, recurs
from paceline.stats.robust import TO_SIGMA

#: A test and its phase.
Key = tuple[str, PhaseName]
Pairs = Sequence[tuple[TestSeries, TestSeries]]
#: Fewer runs than this have a spread that says nothing.
_FOR_A_SPREAD = 3
_TOO_FEW_FOR_A_MEDIAN = 2
CONFIRM = "one job can't tell a slower test from noise; confirm it with repeated runs of both sides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What the noise model says of all tests of a suite.

    Attributes:
        metric: the time that was judged; None if the sides have none in common.
        factor: speed of the machine, above 1 if everything took longer; None if unknown.
        usable: whether that factor allows a verdict.
        deltas: one for each phase of each test on both sides.
    """

    metric: str | None
    factor: float | None = None
    usable: bool = False
    deltas: tuple[Delta, ...] = ()


def judge_times(suite: str, base: Side, candidate: Side, pairs: Pairs, rules: Rules) -> Timing:
    """Judge every phase of every pair of tests on the best time that both sides have."""
    metric = next((name for name in TIMES if _has(pairs, name)), None)
    if metric is None:
        return Timing(metric=None)
    new = _figures(pairs, metric, 1)
    noises = _noises(base, pairs, metric, new, rules)
    result = widened(scored(noises, {key: typical(summary) for key, summary in new.items()}), noises)
    deltas = [
        _delta(suite, key, metric, noises[key], score, new[key], rules)
        for key, score in result.scores.items()
    ]
    deltas = _recurring(deltas, candidate, noises, metric)
    return Timing(
        metric=metric,
        factor=result.factor,
        usable=result.usable,
        deltas=tuple(_ordered(_with_collections(deltas, pairs), result)),
    )


def _has(pairs: Pairs, metric: str) -> bool:
    return any(all(_summary(test, phase, metric) for test in pair) for pair in pairs for phase in PHASES)


def _summary(test: TestSeries, phase: PhaseName, metric: str) -> Summary | None:
    return test.phases.get(phase, {}).get(metric)


def _figures(pairs: Pairs, metric: str, at: int) -> dict[Key, Summary]:
    return {
        (pair[1].nodeid, phase): summary
        for pair in pairs
        for phase in PHASES
        if (summary := _summary(pair[at], phase, metric)) is not None
    }


def _noises(
    base: Side, pairs: Pairs, metric: str, new: Mapping[Key, Summary], rules: Rules
) -> dict[Key, Noise]:
    """Return the noise of the base under the candidate's names: from its runs, or from their sums.

    What is too short on both sides to be worth a look isn't followed through all runs: its sums will do.
    """
    figures = {key: summary for key, summary in _figures(pairs, metric, 0).items() if summary.low > 0}
    if len(base.runs) < _FOR_A_SPREAD:
        return _noises_of_sums(figures)
    short = {
        key: summary
        for key, summary in figures.items()
        if summary.median < rules.test.seconds and (key not in new or new[key].median < rules.test.seconds)
    }
    former: dict[Key, Key] = {
        (new.nodeid, phase): (old.nodeid, phase)
        for old, new in pairs
        for phase in PHASES
        if (new.nodeid, phase) not in short
    }
    noises = fit(series_of(base.runs, metric, former.values()))
    return {
        **_noises_of_sums(short),
        **{key: noises[old] for key, old in former.items() if old in noises},
    }


def typical(summary: Summary) -> float:
    """Return the median; of two runs the faster one, because what disturbs a run makes it slower."""
    return summary.low if summary.n == _TOO_FEW_FOR_A_MEDIAN else summary.median


def _noises_of_sums(figures: Mapping[Key, Summary]) -> dict[Key, Noise]:
    spreads = {
        key: TO_SIGMA * summary.spread / summary.median
        for key, summary in figures.items()
        if summary.spread is not None and summary.n >= _FOR_A_SPREAD
    }
    centres = {key: log(typical(summary)) for key, summary in figures.items()}
    return shrunk(centres, spreads, {key: summary.n for key, summary in figures.items()})


def series_of(runs: Sequence[Run], metric: str, wanted: Iterable[Key]) -> dict[Key, list[float | None]]:
    """Return the seconds of the `wanted` phases of tests, one item per run; without those of none."""
    rows: dict[str, dict[PhaseName, list[float | None]]] = {}
    for nodeid, name in wanted:
        rows.setdefault(nodeid, {})[name] = [None] * len(runs)
    for at, run in enumerate(runs):
        for test in final_attempts(run):
            of_test = rows.get(test.nodeid)
            if of_test is None:
                continue
            for phase in test.phases:
                row = of_test.get(phase.phase)
                if row is not None:
                    row[at] = phase.values.get(metric)
    return {
        (nodeid, name): row
        for nodeid, of_test in rows.items()
        for name, row in of_test.items()
        if any(value is not None for value in row)
    }


def _delta(
    suite: str, key: Key, metric: str, noise: Noise, score: Score, new: Summary, rules: Rules
) -> Delta:
    before = exp(noise.centre)
    direction = rules.test.direction(score, before)
    delta = Delta(
        key=SeriesKey(suite=suite, subject="test", name=key[0], phase=key[1], metric=metric),
        evidence="timed",
        verdict="unchanged",
        before=before,
        after=typical(new),
        ratio=score.ratio,
        interval=(score.ratio * exp(-2 * score.error), score.ratio * exp(2 * score.error)),
        z=score.z,
        detectable=rules.test.detectable(score.error, before),
        runs=(noise.runs, new.n),
    )
    if direction == 0:
        return delta
    word = "slower" if direction > 0 else "faster"
    return replace(delta, verdict="inconclusive", reason=f"suspiciously {word}: {CONFIRM}")


def _recurring(
    deltas: Sequence[Delta], candidate: Side, noises: Mapping[Key, Noise], metric: str
) -> list[Delta]:
    """Convict what is slower in every one of the candidate's independent jobs."""
    jobs = jobs_of(candidate.runs)
    if len(jobs) < RECURRENCES:
        return list(deltas)
    figures: dict[Key, list[float]] = {}
    for job in jobs:
        seconds = {
            key: min(known)
            for key, values in series_of(job, metric, noises).items()
            if (known := [value for value in values if value is not None])
        }
        result = scored(noises, seconds)
        for key, score in result.scores.items() if result.usable else ():
            figures.setdefault(key, []).append(noises[key].centre + log(score.ratio))
    found: list[Delta] = []
    for delta in deltas:
        key = (delta.key.name, delta.key.phase or "call")
        if recurs(noises[key], figures.get(key, ())):
            reason = f"slower in each of the last {len(jobs)} jobs"
            found.append(replace(delta, verdict="regressed", reason=reason))
        else:
            found.append(delta)
    return found


def _with_collections(deltas: Sequence[Delta], pairs: Pairs) -> list[Delta]:
    """Say of a test that another one's full garbage collection has moved to it, or its own away."""
    moved: dict[Key, tuple[float, float]] = {}
    for old, new in pairs:
        for phase in PHASES:
            before, after = _summary(old, phase, GC_COUNT), _summary(new, phase, GC_COUNT)
            counts = (before.median if before else 0.0, after.median if after else 0.0)
            if counts[0] != counts[1]:
                moved[new.nodeid, phase] = counts
    found: list[Delta] = []
    for delta in deltas:
        key = (delta.key.name, delta.key.phase or "call")
        if delta.verdict == "inconclusive" and key in moved:
            before_count, after_count = moved[key]
            reason = (
                f"garbage collection moved: {after_count:g} full ones here instead of {before_count:g}; "
                "what comes after one finds cold caches"
            )
            found.append(replace(delta, reason=reason))
        else:
            found.append(delta)
    return found


def _ordered(deltas: Sequence[Delta], result: Scored[Key]) -> list[Delta]:
    """Return `deltas` with what chance explains worst first: by the false discovery rate among all."""
    rates = adjusted({key: upper_tail(score.z) for key, score in result.scores.items()})
    return sorted(
        deltas, key=lambda delta: (rates[delta.key.name, delta.key.phase or "call"], -(delta.z or 0.0))
    )
