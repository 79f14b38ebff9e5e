"""A list by one figure, the largest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RankedKind = Literal[
    "tests", "fixtures", "statements", "operations", "files", "modules", "conftests", "imports", "plugins"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One row.

    Attributes:
        value: in the ranking's unit.
        count: how often it happened, ran or was built.
        where: `file:line` or file; None if unknown, or if the name says it.
    """

    name: str
    value: float
    count: int
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Some things of a run by one figure.

    Attributes:
        by: the figure: a metric, or one that the kind has.
        unit: UCUM code, such as "s" or "By"; "1" for a plain number.
        total: of all rows, also those that aren't shown; None where adding them up means nothing.
        length: how many rows there are, also those that aren't shown.
    """

    run_id: str
    suite: str | None
    kind: RankedKind
    by: str
    unit: str
    total: float | None
    length: int
    rows: tuple[Ranked, ...]
