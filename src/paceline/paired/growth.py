"""What tests take more, by pairs of runs: of which a sum grew, and what a test does that grew. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from paceline.compare.causes import causes_in_records
from paceline.model.comparison import Cause, Delta
from paceline.model.run import Run, TestRecord, place_of
from paceline.model.status import passed_tests
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
    pairs = _pairs(runs)
    last = pairs[-1][1] if pairs else {}
    common = [
        nodeid
        for nodeid in last
        if all(nodeid in head and former.get(nodeid, nodeid) in base for base, head in pairs)
    ]
    grown = {
        nodeid: [
            _grown(base[former.get(nodeid, nodeid)], head[nodeid], metric, phase) for base, head in pairs
        ]
        for nodeid in common
    }
    total = middle([sum(each) for each in zip(*grown.values(), strict=True)]) if grown else 0.0
    seconds = {nodeid: middle(each) for nodeid, each in grown.items()}
    worst = sorted(seconds, key=lambda nodeid: -seconds[nodeid])[:_MOST]
    return tuple(
        Cause(
            text=nodeid.rpartition("::")[2],
            where=place_of(last[nodeid].path, last[nodeid].lineno),
            seconds=seconds[nodeid],
        )
        for nodeid in worst
        if 0 < _NOTABLE * total <= seconds[nodeid]
    )


def typical_causes(
    deltas: Iterable[Delta], runs: Sequence[tuple[Run, Run]], former: Mapping[str, str]
) -> Iterator[Delta]:
    """Yield `deltas`, of timed tests, each with the causes of the pair in which it grew as the verdict says.

    Those they have come from a single run of each side, which may have taken a multiple of the usual.

    Args:
        runs: base and head of each pair in which the tests may have run.
        former: node id in the base by that in the head, for tests that were renamed.
    """
    pairs = _pairs(runs)
    for delta in deltas:
        name, phase, metric = delta.key.name, delta.key.phase, delta.key.metric
        old = former.get(name, name)
        records = [(base[old], head[name]) for base, head in pairs if old in base and name in head]
        grown = [_grown(before, after, metric, phase) for before, after in records]
        causes: tuple[Cause, ...] = ()
        if records:
            said = (delta.after or 0.0) - (delta.before or 0.0)
            growth, (before, after) = min(
                zip(grown, records, strict=True), key=lambda pair: abs(pair[0] - said)
            )
            causes = causes_in_records(before, after, phase, metric, growth)
        yield replace(delta, causes=causes or delta.causes)


def _pairs(runs: Sequence[tuple[Run, Run]]) -> list[tuple[dict[str, TestRecord], dict[str, TestRecord]]]:
    return [(passed_tests(base), passed_tests(head)) for base, head in runs]


def _grown(before: TestRecord, after: TestRecord, metric: str, phase: str | None) -> float:
    then, now = (
        sum(one.values.get(metric, 0.0) for one in test.phases if phase in (None, one.phase))
        for test in (before, after)
    )
    return now - then
