"""What a run spent its time on in a few figures: as much as fits at the end of pytest's output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paceline.model.times import TimeKind

CostKind = Literal[
    "fixture", "test", "sql", "sleep", "connect", "dns", "http", "subprocess", "import", "plugin"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTotal:
    """The seconds of one kind.

    Attributes:
        seconds: wall seconds, summed over processes; None if the run didn't record them.
    """

    kind: TimeKind
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One thing that took time; no second belongs to two of them.

    Attributes:
        seconds: wall seconds, summed over processes.
        what: argname of a fixture, node id of a test without its parameters, a statement, an address, a
            module, a plugin.
        where: file, or `file:line`; None if unknown.
        count: how often it happened; of a fixture, how often it was set up.
    """

    kind: CostKind
    seconds: float
    what: str
    where: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """A run, summed up.

    Attributes:
        tests: how many attempts at tests were recorded.
        processes: how many processes ran tests.
        kinds: all of them, in their order.
        costs: the greatest, the greatest first.
    """

    tests: int
    processes: int
    kinds: tuple[KindTotal, ...]
    costs: tuple[Cost, ...]

    @property
    def seconds(self) -> float:
        """All that is known, summed over processes."""
        return sum(total.seconds or 0.0 for total in self.kinds)
