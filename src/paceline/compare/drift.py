"""Small steps that add up: figures against a fixed anchor, beside those against the last baseline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp, log

from paceline.compare.rules import Rules
from paceline.compare.timing import typical
from paceline.model.baseline import Anchor
from paceline.model.comparison import DRIFT, Delta, SeriesKey, Side
from paceline.model.profile import Profile, TestSeries
from paceline.stats.noise import Score, Scored, shrunk, widened
from paceline.stats.robust import middle

#: With fewer tests than this their median says nothing about the machine.
_FOR_THE_MACHINE = 10
#: Runs that an anchor is taken to come from: it doesn't say.
_RUNS = 1


def judge_drift(anchor: Anchor | None, candidate: Side, rules: Rules) -> Iterator[Delta]:
    """Yield the suite, and with two runs or more the tests, that are far slower than when the anchor was set.

    Nothing is yielded where the anchor was set on another machine or under another Python.
    """
    if anchor is None or not _is_comparable(anchor, candidate.profile):
        return
    now = {test.nodeid: _seconds(test, anchor.metric) for test in candidate.profile.tests}
    common = {
        nodeid: (before, after)
        for nodeid, before in anchor.tests.items()
        if before > 0 and (after := now.get(nodeid, 0.0)) > 0
    }
    if not common:
        return
    # One wild run isn't drift. Of two runs the faster one counts.
    for nodeid, score in _scores(common).items() if candidate.profile.rounds > 1 else ():
        before, _ = common[nodeid]
        if rules.drift.direction(score, before) > 0:
            yield _drifted(candidate, anchor, nodeid, before, before * score.ratio)
    # All tests together: here it is the common factor that counts, whether machine or code made it.
    whole = [sum(side) for side in zip(*common.values(), strict=True)]
    if whole[1] / whole[0] > 1 + rules.drift.change:
        yield _drifted(candidate, anchor, None, whole[0], whole[1])


def _seconds(test: TestSeries, metric: str) -> float:
    return sum(typical(times[metric]) for times in test.phases.values() if metric in times)


def _scores(common: Mapping[str, tuple[float, float]]) -> Mapping[str, Score]:
    """Return how far each test stands out, by its seconds then and now.

    Two runs long after one another differ by more than noise within a job: how much is seen across the tests,
    as most of them haven't drifted.
    """
    shifts = {nodeid: log(after / before) for nodeid, (before, after) in common.items()}
    speed = middle([*shifts.values()]) if len(common) >= _FOR_THE_MACHINE else 0.0
    centres = {nodeid: log(before) for nodeid, (before, _) in common.items()}
    noises = shrunk(centres, {}, dict.fromkeys(centres, _RUNS))
    scores = {
        nodeid: Score(
            ratio=exp(shift - speed), z=(shift - speed) / noises[nodeid].error, error=noises[nodeid].error
        )
        for nodeid, shift in shifts.items()
    }
    return widened(Scored(factor=exp(speed), usable=True, scores=scores), noises).scores


def _is_comparable(anchor: Anchor, profile: Profile) -> bool:
    environment = profile.environment
    if environment is None:
        return False
    same = (environment.python.rpartition(".")[0], environment.cpu_model, profile.workers)
    return same == (anchor.python.rpartition(".")[0], anchor.cpu_model, anchor.workers)


def _drifted(side: Side, anchor: Anchor, nodeid: str | None, before: float, after: float) -> Delta:
    at = f", confirm it with paceline gate --base {anchor.commit[:10]}" if anchor.commit else ""
    return Delta(
        key=SeriesKey(
            suite=side.profile.suite,
            subject="suite" if nodeid is None else "test",
            name=nodeid or "anchored tests",
            phase=None,
            metric=DRIFT,
        ),
        evidence="total" if nodeid is None else "timed",
        verdict="inconclusive",
        before=before,
        after=after,
        ratio=after / before,
        runs=(1, side.profile.rounds),
        reason=f"drifted since the anchor of {anchor.recorded_at[:10]}{at}",
    )
