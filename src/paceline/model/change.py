"""How a suite's figures moved since the stored ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paceline.model.run import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A test that ended in another way than before."""

    nodeid: str
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a new profile looks like beside the stored one: a statement of fact, not a verdict.

    Attributes:
        kind: `changed` holds ratios; every other kind says why there are none.
        reasons: what is not comparable.
        wall_ratio: new wall time by the stored one.
        cpu_ratio: likewise for CPU time; None where either is unknown.
        added: tests that ran now and did not before.
        removed: tests that ran before and did not now.
        turned: tests that ran both times and ended differently.
    """

    kind: Literal["changed", "first", "baseline_not_measured", "not_measured", "not_comparable"]
    reasons: tuple[str, ...] = ()
    wall_ratio: float | None = None
    cpu_ratio: float | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    turned: tuple[Turn, ...] = ()
