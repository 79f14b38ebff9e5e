"""What grew within a test that grew: fixtures, statements, waits, phases. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paceline.compare.rules import GC_TIME
from paceline.model.comparison import Cause
from paceline.model.cost import Operation, OperationKind, SharedFixture
from paceline.model.profile import TIMES, TestSeries
from paceline.model.run import PHASES, Phase, PhaseName, Run, TestRecord, place_of

#: Seconds below which a difference explains nothing.
_LEAST = 0.0005
#: Share of the growth that something has to account for which isn't done more often.
_NOTABLE = 0.2
#: Share of the growth from which on the processor accounts for it.
_COMPUTED = 0.5
_MOST = 5
_NOUNS: Mapping[OperationKind, tuple[str, str]] = {
    "sql": ("statement", "statements"),
    "sleep": ("sleep", "sleeps"),
    "connect": ("connection", "connections"),
    "dns": ("name look-up", "name look-ups"),
    "http": ("request", "requests"),
    "subprocess": ("program", "programs"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    """What was spent under one name on one side."""

    count: int = 0
    seconds: float | None = None

    def __add__(self, other: _Spent) -> _Spent:
        seconds = [value for value in (self.seconds, other.seconds) if value is not None]
        return _Spent(count=self.count + other.count, seconds=sum(seconds) if seconds else None)


#: Kind of operation to the beginning of the names of the metrics that count or time it.
_METRICS: Mapping[OperationKind, str] = {
    "sql": "sql_",
    "sleep": "sleep",
    "connect": "db_connections",
    "http": "http_",
    "subprocess": "subprocess",
}


#: What one operation can have any number of.
_NOT_COUNTED = ("sql_rows", "sql_transactions")


def causes_in_records(
    before: TestRecord,
    after: TestRecord,
    phase: PhaseName | None = None,
    metric: str = "",
    growth: float = 0.0,
) -> tuple[Cause, ...]:
    """Return what the test `after` did more of, or longer, than `before`; the largest first.

    Args:
        phase: only look there; None looks everywhere.
        metric: that grew; where it counts statements, sleeps and the like, only those explain it.
        growth: by how many seconds it grew; 0.0 for what is no time.
    """
    old, new = ([item for item in test.phases if phase in (None, item.phase)] for test in (before, after))
    then, now = _of_metric(_performed(old), metric), _of_metric(_performed(new), metric)
    # What merely took longer doesn't explain that there is more of it.
    counted = [*_operations(then, now, only_more=not metric.endswith("_time"))]
    if counted and _kind(metric):
        return _largest(counted)
    least = max(_LEAST, _NOTABLE * growth)
    done = [
        *_operations(_performed(old), _performed(new), least),
        *_fixtures(_used(old), _used(new), least),
    ]
    return _largest(done) or _computing(old, new, after, growth)


def _computing(
    before: Sequence[Phase], after: Sequence[Phase], test: TestRecord, growth: float
) -> tuple[Cause, ...]:
    """Return that the test itself computes longer, if that accounts for its growth."""
    then, now = (sum(item.values.get("cpu_time", 0.0) for item in side) for side in (before, after))
    if growth <= 0 or now - then < _COMPUTED * growth:
        return ()
    where = place_of(test.path, test.lineno)
    return (Cause(text="computing, in the test or what it calls", where=where, seconds=now - then),)


def causes_in_candidate(operations: Iterable[Operation], metric: str, before: float) -> tuple[Cause, ...]:
    """Return what was done more often than everything of its kind together on the base: that must have grown.

    For a base that left only sums.

    Args:
        operations: of the candidate.
        metric: that grew.
        before: what it was on the base.
    """
    kind = _kind(metric)
    if kind is None or metric in _NOT_COUNTED:
        return ()
    found = [
        (now.count, Cause(text=f"{now.count} {_NOUNS[kind][now.count != 1]} now: {what}", where=where))
        for (_, what, _), (now, where) in _by_file(_of_metric(_by_place(operations), metric)).items()
        if now.count > before
    ]
    return tuple(cause for _, cause in sorted(found, key=lambda item: -item[0])[:1])


def performed(test: TestRecord, phase: PhaseName | None) -> tuple[Operation, ...]:
    """Return the operations of a phase of `test`, or of all of it."""
    phases = [item for item in test.phases if phase in (None, item.phase)]
    return tuple(operation for item in phases for operation in item.operations)


def _kind(metric: str) -> OperationKind | None:
    return next((kind for kind, prefix in _METRICS.items() if metric.startswith(prefix)), None)


def _of_metric(spent: Mapping[Place, _Spent], metric: str) -> dict[Place, _Spent]:
    return {place: found for place, found in spent.items() if _kind(metric) in (None, place[0])}


def causes_in_series(before: TestSeries, after: TestSeries) -> tuple[Cause, ...]:
    """Return what grew as far as sums tell: the phases."""
    return _largest(_phases(before, after))


def causes_in_fixture(
    name: str, before: Sequence[SharedFixture], after: Sequence[SharedFixture], growth: float = 0.0
) -> tuple[Cause, ...]:
    """Return how the shared fixture called `name` came to be built more often, or what it did more of.

    What it does once is no cause of its own where it is built more often.

    Args:
        growth: by how many seconds it grew; 0.0 for what is no time.
    """
    if not before:
        return ()
    built = _built(name, before, after)
    if built is not None:
        return (built,)
    return _largest(
        _operations(
            _by_place(operation for use in before for operation in use.operations),
            _by_place(operation for use in after for operation in use.operations),
            max(_LEAST, _NOTABLE * growth),
        )
    )


def _built(name: str, before: Sequence[SharedFixture], after: Sequence[SharedFixture]) -> Cause | None:
    old, new = (sum(use.event == "setup" for use in uses) for uses in (before, after))
    if new <= old:
        return None
    scopes = ["/".join(sorted({use.scope for use in uses})) for uses in (before, after)]
    per = f", per {scopes[1]} instead of per {scopes[0]}" if scopes[0] != scopes[1] else ""
    base = after[0].baseid
    where = base if base.endswith(".py") or not base else f"{base}/conftest.py"
    times = "time" if new == 1 else "times"
    text = f"fixture {name.rpartition('::')[2]} now built {new} {times} instead of {old}{per}"
    return Cause(text=text, where=where or None)


def last_records(runs: Sequence[Run]) -> dict[str, TestRecord]:
    """Return the newest record of each test."""
    return {test.nodeid: test for run in runs for test in run.tests}


Place = tuple[OperationKind, str, str | None]


def _performed(phases: Iterable[Phase]) -> dict[Place, _Spent]:
    return _by_place(operation for phase in phases for operation in phase.operations)


def _by_place(operations: Iterable[Operation]) -> dict[Place, _Spent]:
    spent: dict[Place, _Spent] = defaultdict(_Spent)
    for operation in operations:
        place = (operation.kind, operation.what, operation.where)
        spent[place] += _Spent(count=operation.count, seconds=operation.duration)
    return spent


def _operations(
    before: Mapping[Place, _Spent],
    after: Mapping[Place, _Spent],
    least: float = _LEAST,
    *,
    only_more: bool = False,
) -> Iterator[Cause]:
    """Yield what was done more often or took longer; a line that only moved within its file is the same."""
    old, new = _by_file(before), _by_file(after)
    for (kind, what, _), (now, where) in new.items():
        then = old.get((kind, what, _), (_Spent(), None))[0]
        longer = _more(then.seconds, now.seconds)
        if now.count > then.count:
            noun = _NOUNS[kind][now.count != 1]
            text = f"{now.count} {noun} instead of {then.count}: {what}"
            yield Cause(text=text, where=where, seconds=longer)
        elif not only_more and now.count == then.count and longer is not None and longer >= least:
            yield Cause(text=f"{_NOUNS[kind][0]} takes longer: {what}", where=where, seconds=longer)


def _by_file(
    places: Mapping[Place, _Spent],
) -> dict[tuple[OperationKind, str, str | None], tuple[_Spent, str | None]]:
    """Return what was spent by kind, what and file, with the line where most of it was."""
    found: dict[tuple[OperationKind, str, str | None], tuple[_Spent, str | None]] = {}
    for (kind, what, where), spent in sorted(places.items(), key=lambda item: -item[1].count):
        file = None if where is None else where.rpartition(":")[0]
        sum_so_far, line = found.get((kind, what, file), (_Spent(), where))
        found[kind, what, file] = (sum_so_far + spent, line)
    return found


def _used(phases: Iterable[Phase]) -> dict[str, _Spent]:
    spent: dict[str, _Spent] = defaultdict(_Spent)
    for phase in phases:
        for use in phase.fixtures:
            spent[use.argname] += _Spent(count=phase.phase == "setup", seconds=_time(use.own))
    return spent


def _fixtures(before: Mapping[str, _Spent], after: Mapping[str, _Spent], least: float) -> Iterator[Cause]:
    for name, now in after.items():
        then = before.get(name)
        longer = _more(then.seconds if then else None, now.seconds)
        if then is None and (longer is None or longer >= _LEAST):  # fast ones are left out of a record
            yield Cause(text=f"fixture {name} is now set up for it", seconds=longer)
        elif longer is not None and longer >= least:
            yield Cause(text=f"fixture {name} takes longer", seconds=longer)


def _phases(before: TestSeries, after: TestSeries) -> Iterator[Cause]:
    for phase in PHASES:
        old, new = before.phases.get(phase, {}), after.phases.get(phase, {})
        metric = next((name for name in TIMES if name in old and name in new), None)
        if metric is not None and new[metric].median - old[metric].median >= _LEAST:
            yield Cause(text=phase, seconds=new[metric].median - old[metric].median)
        if GC_TIME in old and GC_TIME in new:
            moved = new[GC_TIME].median - old[GC_TIME].median
            if moved >= _LEAST:
                yield Cause(text=f"garbage collection moved into its {phase}", seconds=moved)


def _time(values: Mapping[str, float]) -> float | None:
    return next((values[name] for name in TIMES if name in values), None)


def _more(before: float | None, after: float | None) -> float | None:
    return None if after is None else after - (before or 0.0)


def _largest(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    return tuple(sorted(causes, key=lambda cause: -(cause.seconds or 0.0))[:_MOST])
