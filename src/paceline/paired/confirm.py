"""What repeated pairs say about each suspicious series: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, log

from paceline.compare.rules import GC_COUNT, TIMES
from paceline.model.comparison import Delta, SeriesKey
from paceline.model.profile import Profile, Summary, TestSeries
from paceline.model.run import PHASES
from paceline.paired.habits import Habits, LogPairs
from paceline.stats.paired import PairedScore, detectable, log_pairs, paired_score
from paceline.stats.robust import middle, spread
from paceline.stats.sequential import LOOKS, step

#: Fewer controls than this tell neither the machine's speed nor its noise.
LEAST_CONTROLS = 5
#: Fewer log ratios than this have a spread that says nothing.
_FOR_A_SPREAD = 20


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The profile of a single run, with its tests at hand."""

    profile: Profile

    @cached_property
    def tests(self) -> dict[str, TestSeries]:
        """The tests by node id."""
        return {test.nodeid: test for test in self.profile.tests}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The figures of one process of each side."""

    base: Figures
    head: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the pairs so far say about one suspect.

    Attributes:
        score: None if no pair holds it on both sides.
        step: what to do with it.
        collections_moved: whether full garbage collections happened in it on one side only.
    """

    delta: Delta
    score: PairedScore | None
    step: str
    collections_moved: bool = False


def judge(
    suspects: Sequence[Delta],
    pairs: Sequence[Pair],
    controls: Sequence[str],
    former: Mapping[str, str],
    habits: Habits,
) -> tuple[Judgement, ...]:
    """Return the state of each suspect after `pairs`.

    Args:
        controls: node ids of tests that aren't suspected.
        former: node id in the base by that in the head, for tests that were renamed.
    """
    speeds = [_speed(pair, controls) for pair in pairs]
    noise = _noise(pairs, controls, speeds)
    return tuple(_judged(delta, pairs, speeds, noise, former, habits) for delta in suspects)


def slower_controls(
    suite: str, pairs: Sequence[Pair], controls: Sequence[str], habits: Habits
) -> tuple[Delta, ...]:
    """Return the controls that would have been confirmed: overlooked by the first runs, or false alarms."""
    speeds = [_speed(pair, controls) for pair in pairs]
    noise = _noise(pairs, controls, speeds)
    found: list[Delta] = []
    for nodeid in controls:
        key = SeriesKey(suite=suite, subject="test", name=nodeid, phase="call", metric=_metric(pairs))
        score = _score(key, pairs, speeds, noise, {}, habits)
        if score is not None and step(score, habits.looks) == "confirmed":
            before, after = value_of(pairs[-1].base, key), value_of(pairs[-1].head, key)
            delta = Delta(key=key, evidence="timed", verdict="inconclusive", before=before, after=after)
            found.append(replace(delta, ratio=score.median, reason="ran along as a control"))
    return tuple(found)


def all_series(pairs: Sequence[Pair]) -> tuple[LogPairs, ...]:
    """Return the log seconds of every phase of every test, the machine's speed taken out."""
    controls = sorted({nodeid for pair in pairs for nodeid in pair.head.tests})
    speeds = [_speed(pair, controls) for pair in pairs]
    metric = _metric(pairs)
    found: list[LogPairs] = []
    for nodeid in controls:
        for phase in PHASES:
            key = SeriesKey(suite="", subject="test", name=nodeid, phase=phase, metric=metric)
            base = [value_of(pair.base, key) for pair in pairs]
            found.append(log_pairs(base, [value_of(pair.head, key) for pair in pairs], speeds))
    return tuple(found)


def machine_factor(pairs: Sequence[Pair], controls: Sequence[str]) -> float | None:
    """Return how much slower the machine was in the heads' processes, by the median pair."""
    return middle([_speed(pair, controls) for pair in pairs]) if pairs else None


def confirmed(judgement: Judgement, rounds: int) -> Delta:
    """Return the verdict on a suspect that has stood every test.

    Args:
        rounds: how many independent series of pairs agreed.
    """
    score = judgement.score
    assert score is not None
    if judgement.collections_moved:
        reason = "a full garbage collection moved into it; what comes after one finds cold caches"
        return replace(_scored(judgement), verdict="inconclusive", reason=reason)
    times = "twice, " if rounds > 1 else ""
    reason = f"confirmed {times}by {score.pairs} interleaved pairs"
    return replace(_scored(judgement), verdict="regressed", reason=reason)


def dropped(judgement: Judgement) -> Delta:
    """Return the verdict on a suspect that a look has cleared."""
    pairs = judgement.score.pairs if judgement.score is not None else 0
    return replace(_scored(judgement), verdict="unchanged", reason=f"not confirmed by {pairs} pairs")


def undecided(judgement: Judgement, why: str) -> Delta:
    """Return the verdict on a suspect that there was no time, or no way, to decide."""
    return replace(_scored(judgement), verdict="inconclusive", reason=why)


def _scored(judgement: Judgement) -> Delta:
    score, delta = judgement.score, judgement.delta
    if score is None:
        return delta
    last = LOOKS[-1]
    return replace(
        delta,
        ratio=score.median,
        interval=score.interval,
        z=score.z,
        runs=(score.pairs, score.pairs),
        detectable=detectable(score.sigma, score.pairs, last.z, last.change),
    )


def _judged(
    delta: Delta,
    pairs: Sequence[Pair],
    speeds: Sequence[float],
    noise: float | None,
    former: Mapping[str, str],
    habits: Habits,
) -> Judgement:
    score = _score(delta.key, pairs, speeds, noise, former, habits)
    if score is None:
        return Judgement(delta=delta, score=None, step="go on")
    return Judgement(
        delta=delta,
        score=score,
        step=step(score, habits.looks),
        collections_moved=_collections_moved(delta.key, pairs, former),
    )


def _score(
    key: SeriesKey,
    pairs: Sequence[Pair],
    speeds: Sequence[float],
    noise: float | None,
    former: Mapping[str, str],
    habits: Habits,
) -> PairedScore | None:
    before = replace(key, name=former.get(key.name, key.name))
    base = [value_of(pair.base, before) for pair in pairs]
    head = [value_of(pair.head, key) for pair in pairs]
    whole = log_pairs(base, head, speeds)
    if not whole:
        return None
    typical = exp(middle([log_seconds for log_seconds, _ in whole]))
    # The controls tell how much this machine varies today, habits how much more the short tests vary.
    usual = habits.usual(typical)
    return paired_score(whole, max(usual, noise) if noise is not None else usual)


def value_of(figures: Figures, key: SeriesKey) -> float | None:
    """Return the seconds of the series `key` in a single run; None if it has none."""
    profile = figures.profile
    match key.subject:
        case "test":
            test = figures.tests.get(key.name)
            if test is None or key.phase is None:
                return None
            return _median(test.phases.get(key.phase, {}).get(key.metric))
        case "fixture":
            return _median(profile.fixtures.get(key.name, {}).get(key.metric))
        case "part":
            return _median(profile.totals.get(key.name, {}).get(key.metric))
        case "suite":
            values = [
                metrics[key.metric].median
                for test in profile.tests
                for metrics in test.phases.values()
                if key.metric in metrics
            ]
            return sum(values) if values else None


def _median(summary: Summary | None) -> float | None:
    return None if summary is None else summary.median


def _metric(pairs: Sequence[Pair]) -> str:
    """Return the best time that was recorded."""
    for name in TIMES:
        for pair in pairs:
            for test in pair.head.tests.values():
                if name in test.phases.get("call", {}):
                    return name
    return TIMES[-1]


def _speed(pair: Pair, controls: Sequence[str]) -> float:
    """Return how much slower the machine was for the head; 1.0 where too few controls tell."""
    ratios = _log_ratios(pair, controls)
    return exp(middle(ratios)) if len(ratios) >= LEAST_CONTROLS else 1.0


def _noise(pairs: Sequence[Pair], controls: Sequence[str], speeds: Sequence[float]) -> float | None:
    """Return the robust standard deviation of a control's log ratio; None where there are too few."""
    ratios = [
        ratio - log(speed)
        for pair, speed in zip(pairs, speeds, strict=True)
        for ratio in _log_ratios(pair, controls)
    ]
    return spread(ratios, middle(ratios)) if len(ratios) >= _FOR_A_SPREAD else None


def _log_ratios(pair: Pair, controls: Sequence[str]) -> list[float]:
    metric = _metric([pair])
    found: list[float] = []
    base, head = pair.base.tests, pair.head.tests
    for nodeid in controls:
        if nodeid in base and nodeid in head:
            before = _median(base[nodeid].phases.get("call", {}).get(metric))
            after = _median(head[nodeid].phases.get("call", {}).get(metric))
            if before and after and before > 0 and after > 0:
                found.append(log(after) - log(before))
    return found


def _collections_moved(key: SeriesKey, pairs: Sequence[Pair], former: Mapping[str, str]) -> bool:
    """Tell whether full collections are counted in the series on one side and not on the other."""
    if key.subject != "test":
        return False
    counting = replace(key, metric=GC_COUNT)
    before = replace(counting, name=former.get(key.name, key.name))
    base = sum(value_of(pair.base, before) or 0.0 for pair in pairs)
    head = sum(value_of(pair.head, counting) or 0.0 for pair in pairs)
    return head >= base + len(pairs) / 2
