"""Which tests a sum grew in, by all pairs of whole runs: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.model.comparison import Cause
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


def _passed(run: Run) -> dict[str, TestRecord]:
    return {test.nodeid: test for test in final_attempts(run) if test.outcome == "passed"}


def _seconds(test: TestRecord, metric: str, phase: str | None) -> float:
    return sum(one.values.get(metric, 0.0) for one in test.phases if phase in (None, one.phase))


def _place(test: TestRecord) -> str:
    return test.path if test.lineno is None else f"{test.path}:{test.lineno + 1}"
