"""Small steps that add up: figures against a fixed anchor, beside those against the last baseline. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from paceline.compare.rules import Rules
from paceline.model.baseline import Anchor
from paceline.model.comparison import DRIFT, Delta, SeriesKey, Side
from paceline.model.profile import Profile
from paceline.stats.robust import middle

#: With fewer tests than this their median says nothing about the machine.
_FOR_THE_MACHINE = 10


def judge_drift(anchor: Anchor | None, candidate: Side, rules: Rules) -> Iterator[Delta]:
    """Yield the tests, and the suite, that are far slower than when the anchor was set.

    Nothing is yielded where the anchor was set on another machine or under another Python.
    """
    if anchor is None or not _is_comparable(anchor, candidate.profile):
        return
    now = {test.nodeid: test.seconds(anchor.metric) for test in candidate.profile.tests}
    common = {
        nodeid: (before, after)
        for nodeid, before in anchor.tests.items()
        if before > 0 and (after := now.get(nodeid, 0.0)) > 0
    }
    if not common:
        return
    speed = 0.0
    if len(common) >= _FOR_THE_MACHINE:
        speed = middle([log(after / before) for before, after in common.values()])
    for nodeid, (before, after) in common.items():
        if after / before / exp(speed) > rules.drift:
            yield _drifted(candidate, anchor, nodeid, before, after / exp(speed))
    # All tests together: here it is the common factor that counts, whether machine or code made it.
    whole = [sum(side) for side in zip(*common.values(), strict=True)]
    if whole[1] / whole[0] > rules.drift:
        yield _drifted(candidate, anchor, None, whole[0], whole[1])


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
