"""Fixtures and statements of a run by what they took: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from paceline.explain.evidence import Evidence
from paceline.explain.stretches import FixtureName
from paceline.model.cost import FixtureScope, Operation
from paceline.model.page import FixtureCost, StatementCost
from paceline.model.run import Run


@dataclass(slots=True)
class _Fixture:
    seconds: float = 0.0
    builds: int = 0
    tests: int = 0


def fixture_costs(evidence: Evidence, limit: int) -> tuple[FixtureCost, ...]:
    """Return the fixtures that took the most, parameters together, the most first."""
    found: dict[tuple[str, str, FixtureScope], _Fixture] = {}
    tests: dict[tuple[str, str, FixtureScope], set[str | None]] = {}
    for share in evidence.shares:
        name = share.stretch.fixture
        if name is not None:
            found.setdefault((name.argname, name.baseid, name.scope), _Fixture()).seconds += share.seconds
    for name, builds in evidence.setups.items():
        key = (name.argname, name.baseid, name.scope)
        one = found.setdefault(key, _Fixture())
        one.builds += len(builds)
        tests.setdefault(key, set()).update(build.nodeid for build in builds)
    costs = [
        FixtureCost(
            name=argname,
            scope=scope,
            where=FixtureName(argname=argname, baseid=baseid, scope=scope).place(evidence.lines),
            seconds=one.seconds,
            builds=one.builds,
            tests=len(tests.get((argname, baseid, scope), ())),
        )
        for (argname, baseid, scope), one in found.items()
    ]
    return tuple(sorted(costs, key=lambda cost: (-cost.seconds, cost.name))[:limit])


def statement_costs(run: Run, limit: int) -> tuple[StatementCost, ...]:
    """Return the statements that took the most, by text and place, the most first."""
    groups: dict[tuple[str, str | None], list[Operation]] = {}
    for operation in _operations(run):
        if operation.kind == "sql":
            groups.setdefault((operation.what, operation.where), []).append(operation)
    costs = [
        StatementCost(
            text=text,
            where=where,
            count=sum(one.count for one in members),
            seconds=_sum(one.duration for one in members),
            rows=_rows(members),
        )
        for (text, where), members in groups.items()
    ]
    costs.sort(key=lambda cost: (-(cost.seconds or 0.0), -cost.count, cost.text))
    return tuple(costs[:limit])


def _operations(run: Run) -> Iterable[Operation]:
    for test in run.tests:
        for phase in test.phases:
            yield from phase.operations
    for event in run.costs.fixtures:
        yield from event.operations


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _rows(members: Iterable[Operation]) -> int | None:
    known = [one.rows for one in members if one.rows is not None]
    return sum(known) if known else None
