"""Lists tests, fixtures, statements and so on by a figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args

from paceline.errors import UnknownFigureError
from paceline.explain.stretches import FixtureName
from paceline.model.cost import Operation, PartKind
from paceline.model.metric import Metric
from paceline.model.ranking import Ranked, RankedKind, Ranking
from paceline.model.run import PhaseName, Run, place_of
from paceline.tables import nearest

KINDS: tuple[RankedKind, ...] = get_args(RankedKind)
_PARTS: dict[RankedKind, PartKind] = {
    "modules": "module",
    "conftests": "conftest",
    "imports": "import",
    "plugins": "plugin",
}
_SECONDS = Metric(name="duration", unit="s")
_COUNT = Metric(name="count", unit="1")
_OPERATION_FIGURES = (_SECONDS, _COUNT, Metric(name="rows", unit="1"))
_PART_FIGURES = (_SECONDS, Metric(name="own", unit="s"))
_MEMORY = Metric(name="memory", unit="By")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one row is made of."""

    name: str
    value: float
    count: int = 1
    where: str | None = None


@dataclass(slots=True)
class _Sum:
    values: list[float] = field(default_factory=list[float])
    count: int = 0


def ranking(
    run: Run,
    kind: RankedKind,
    by: str,
    limit: int,
    phase: PhaseName | None = None,
    lines: Mapping[tuple[str, str], int] | None = None,
) -> Ranking:
    """Return the `limit` things of a kind in `run` that have most of the figure `by`.

    Args:
        phase: count only this phase of tests, or set-ups or tear-downs of fixtures.
        lines: of functions, by file and name.

    Raises:
        UnknownFigureError: the run, or things of this kind, have no such figure.
    """
    metric = _figure(run, kind, by)
    sums: dict[tuple[str, str | None], _Sum] = {}
    for entry in _entries(run, kind, metric, phase, lines or {}):
        found = sums.setdefault((entry.name, entry.where), _Sum())
        found.values.append(entry.value)
        found.count += entry.count
    whole = max if metric.aggregate == "max" else sum
    rows = [
        Ranked(name=name, value=float(whole(one.values)), count=one.count, where=where)
        for (name, where), one in sums.items()
    ]
    rows.sort(key=lambda row: (-row.value, row.name))
    overlapping = metric.aggregate == "max" or (kind in _PARTS and metric is _SECONDS)
    return Ranking(
        run_id=run.header.run_id,
        suite=run.header.suite,
        kind=kind,
        by=metric.name,
        unit=metric.unit,
        total=None if overlapping else sum(row.value for row in rows),
        length=len(rows),
        rows=tuple(rows[:limit]),
    )


def figures(run: Run, kind: RankedKind) -> tuple[Metric, ...]:
    """Return what things of a kind can be listed by."""
    if kind in ("statements", "operations"):
        return _OPERATION_FIGURES
    if kind in _PARTS:
        return (*_PART_FIGURES, _MEMORY) if kind == "modules" else _PART_FIGURES
    return (*run.header.metrics, _COUNT)


def _figure(run: Run, kind: RankedKind, by: str) -> Metric:
    known = {metric.name: metric for metric in figures(run, kind)}
    if by in known:
        return known[by]
    hint = nearest(by, [*known]) or f"There are {', '.join(known)}."
    raise UnknownFigureError(f"{kind} of this run can't be listed by {by!r}", hint=hint)


def _entries(
    run: Run,
    kind: RankedKind,
    metric: Metric,
    phase: PhaseName | None,
    lines: Mapping[tuple[str, str], int],
) -> Iterator[_Entry]:
    match kind:
        case "tests" | "files":
            return _tests(run, metric, phase, whole_files=kind == "files")
        case "fixtures":
            return _fixtures(run, metric, phase, lines)
        case "statements" | "operations":
            return _operations(run, metric, phase, only_sql=kind == "statements")
        case "modules" if metric is _MEMORY:
            return (_Entry(module.path, module.after - module.before) for module in run.costs.memory)
        case "modules" | "conftests" | "imports" | "plugins":
            return _parts(run, _PARTS[kind], metric)


def _tests(run: Run, metric: Metric, phase: PhaseName | None, *, whole_files: bool) -> Iterator[_Entry]:
    for test in run.tests:
        line = place_of(test.path, test.lineno)
        values = [
            one.values[metric.name]
            for one in test.phases
            if phase in (None, one.phase) and metric.name in one.values
        ]
        if metric is _COUNT:
            values = [1.0]
        if values:
            value = max(values) if metric.aggregate == "max" else sum(values)
            yield _Entry(test.path, value) if whole_files else _Entry(test.nodeid, value, where=line)


def _fixtures(
    run: Run, metric: Metric, phase: PhaseName | None, lines: Mapping[tuple[str, str], int]
) -> Iterator[_Entry]:
    for test in run.tests:
        for one in test.phases:
            if phase in (None, one.phase):
                for use in one.fixtures:
                    name = FixtureName(argname=use.argname, baseid=use.baseid, scope="function")
                    yield from _fixture(name, name.place(lines), use.own, metric, built=one.phase == "setup")
    for event in run.costs.fixtures:
        if phase in (None, event.event):
            name = FixtureName(argname=event.argname, baseid=event.baseid, scope=event.scope)
            yield from _fixture(name, name.place(lines), event.own, metric, built=event.event == "setup")


def _fixture(
    name: FixtureName, where: str | None, values: Mapping[str, float], metric: Metric, *, built: bool
) -> Iterator[_Entry]:
    if metric is _COUNT:
        yield _Entry(name.argname, float(built), int(built), where)
    elif metric.name in values:
        yield _Entry(name.argname, values[metric.name], int(built), where)


def _operations(run: Run, metric: Metric, phase: PhaseName | None, *, only_sql: bool) -> Iterator[_Entry]:
    for operation in _every_operation(run, phase):
        if not only_sql or operation.kind == "sql":
            name = operation.what if only_sql else f"{operation.kind} {operation.what}"
            value = {
                "duration": operation.duration,
                "count": operation.count,
                "rows": operation.rows,
            }[metric.name]
            if value is not None:
                yield _Entry(name, value, operation.count, operation.where)


def _every_operation(run: Run, phase: PhaseName | None) -> Iterator[Operation]:
    for test in run.tests:
        for one in test.phases:
            if phase in (None, one.phase):
                yield from one.operations
    for event in run.costs.fixtures:
        if phase in (None, event.event):
            yield from event.operations


def _parts(run: Run, kind: PartKind, metric: Metric) -> Iterator[_Entry]:
    for part in run.costs.parts:
        if part.part == kind:
            yield _Entry(part.name, part.own if metric.name == "own" else part.duration)
