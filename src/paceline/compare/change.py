"""How a suite's figures moved since the stored ones: a statement of fact, not a verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paceline.compare.comparable import differences
from paceline.model.profile import Profile
from paceline.model.run import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a new profile looks like beside the stored one.

    Attributes:
        kind: `changed` holds ratios; every other kind says why there are none.
        reasons: what is not comparable.
        wall_ratio: new wall time by the stored one.
        cpu_ratio: likewise for CPU time; None where either is unknown.
        added: tests that ran now and did not before.
        removed: tests that ran before and did not now.
    """

    kind: Literal["changed", "first", "baseline_not_measured", "not_measured", "not_comparable"]
    reasons: tuple[str, ...] = ()
    wall_ratio: float | None = None
    cpu_ratio: float | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def change(before: Profile | None, after: Profile) -> Change:
    """Compare `after` with what was stored."""
    if not after.has_figures:
        return Change(kind="not_measured")
    if before is None:
        return Change(kind="first")
    if not before.has_figures:
        return Change(kind="baseline_not_measured")
    reasons = differences(before, after)
    ran_before, ran_after = _ran(before), _ran(after)
    added = tuple(sorted(ran_after - ran_before)) if ran_before else ()
    removed = tuple(sorted(ran_before - ran_after))
    if reasons:
        return Change(kind="not_comparable", reasons=reasons, added=added, removed=removed)
    return Change(
        kind="changed",
        wall_ratio=_ratio(before, after, "wall_time"),
        cpu_ratio=_ratio(before, after, "cpu_time"),
        added=added,
        removed=removed,
    )


_DID_NOT_RUN: frozenset[Outcome] = frozenset({"skipped", "incomplete"})


def _ran(profile: Profile) -> set[str]:
    return {test.nodeid for test in profile.tests if test.outcome not in _DID_NOT_RUN}


def _ratio(before: Profile, after: Profile, name: Literal["wall_time", "cpu_time"]) -> float | None:
    old, new = getattr(before, name), getattr(after, name)
    return None if old is None or new is None or not old.median else new.median / old.median
