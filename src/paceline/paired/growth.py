"""What tests take more, by pairs of runs: of which a sum grew, and what a test does that grew. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from paceline.compare.causes import causes_in_records
from paceline.model.comparison import Cause, Delta
from paceline.model.run import Run, TestRecord
from paceline.model.status import final_attempts
from paceline.stats.robust import middle

#: How many tests are named, and which share of what all of them grew by each has to have.
_MOST, _NOTABLE = 2, 0.2


def grown_most(
    runs: Sequence[tuple[Run, Run]], former: Mapping[str, str], metric: str, phase: str | None
) -> tuple[Cause, ...]:
    """Return the tests that take most seconds more, by the median of all pairs.

    A sum can be sure where none of its tests is: these are where to look first, and no verdicts.

    Args:
        runs: of the whole suite, base and head.
        former: node id in the base by that in the head, for tests that were renamed.
        metric: the time that was judged.
        phase: of which the sum is; None for all of them.
    """
    pairs = [(_passed(base), _passed(head)) for base, head in runs]
    common = [
        nodeid
        for nodeid in (pairs[-1][1] if pairs else ())
        if all(nodeid in head and former.get(nodeid, nodeid) in base for base, head in pairs)
    ]
    grown = {
        nodeid: [
            _seconds(head[nodeid], metric, phase) - _seconds(base[former.get(nodeid, nodeid)], metric, phase)
            for base, head in pairs
        ]
        for nodeid in common
    }
    total = middle([sum(each) for each in zip(*grown.values(), strict=True)]) if grown else 0.0
    seconds = {nodeid: middle(each) for nodeid, each in grown.items()}
    worst = sorted(seconds, key=lambda nodeid: -seconds[nodeid])[:_MOST]
    return tuple(
        Cause(text=nodeid.rpartition("::")[2], where=_place(pairs[-1][1][nodeid]), seconds=seconds[nodeid])
        for nodeid in worst
        if 0 < _NOTABLE * total <= seconds[nodeid]
    )


def with_typical_causes(delta: Delta, runs: Sequence[tuple[Run, Run]], former: Mapping[str, str]) -> Delta:
    """Return `delta`, of a timed test, with the causes of the pair that grew as most of them did.

    Those it has come from a single run of each side, which may have taken a multiple of the usual.

    Args:
        runs: base and head of each pair in which the test may have run.
        former: node id in the base by that in the head, for tests that were renamed.
    """
    key = delta.key
    pairs = [
        (base[former.get(key.name, key.name)], head[key.name])
        for base, head in ((_passed(base), _passed(head)) for base, head in runs)
        if key.name in head and former.get(key.name, key.name) in base
    ]
    if not pairs:
        return delta

    def grown(pair: tuple[TestRecord, TestRecord]) -> float:
        return _seconds(pair[1], key.metric, key.phase) - _seconds(pair[0], key.metric, key.phase)

    usual = middle([grown(pair) for pair in pairs])
    before, after = min(pairs, key=lambda pair: abs(grown(pair) - usual))
    causes = causes_in_records(before, after, key.phase, key.metric, grown((before, after)))
    return replace(delta, causes=causes) if causes else delta


def _passed(run: Run) -> dict[str, TestRecord]:
    return {test.nodeid: test for test in final_attempts(run) if test.outcome == "passed"}


def _seconds(test: TestRecord, metric: str, phase: str | None) -> float:
    return sum(one.values.get(metric, 0.0) for one in test.phases if phase in (None, one.phase))


def _place(test: TestRecord) -> str:
    return test.path if test.lineno is None else f"{test.path}:{test.lineno + 1}"
