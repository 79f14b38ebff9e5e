"""What a recorded test was spent on, in few words."""

from __future__ import annotations

from collections.abc import Iterable

from paceline.model.cost import Operation
from paceline.model.run import PhaseName, TestRecord


def operations(test: TestRecord, phase: PhaseName = "call") -> tuple[Operation, ...]:
    """Return what was entered in a phase of `test`."""
    return next(each.operations for each in test.phases if each.phase == phase)


def value(test: TestRecord, metric: str, phase: PhaseName = "call") -> float:
    """Return a number of a phase of `test`."""
    return next(each.values[metric] for each in test.phases if each.phase == phase)


def counts(found: Iterable[Operation]) -> dict[tuple[str, str | None], int]:
    """Return how often each thing was done from where."""
    return {(each.what, each.where): each.count for each in found}


def line_of(content: str, marked: str) -> int:
    """Return the number of the one line of `content` that holds `marked`."""
    found = [number for number, line in enumerate(content.splitlines(), start=1) if marked in line]
    assert len(found) == 1, (marked, found)
    return found[0]
