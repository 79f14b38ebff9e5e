"""How a suite's figures moved since the stored ones: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from paceline.compare.comparable import differences
from paceline.model.change import Change, Turn
from paceline.model.profile import Profile
from paceline.model.run import Outcome

_DID_NOT_RUN: frozenset[Outcome] = frozenset({"skipped", "incomplete"})


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
    both = [nodeid for nodeid in sorted(ran_before) if nodeid in ran_after]
    seen = Change(
        kind="not_comparable" if reasons else "changed",
        reasons=reasons,
        added=tuple(sorted({*ran_after} - {*ran_before})) if ran_before else (),
        removed=tuple(sorted({*ran_before} - {*ran_after})),
        turned=tuple(
            Turn(nodeid=nodeid, before=ran_before[nodeid], after=ran_after[nodeid])
            for nodeid in both
            if ran_before[nodeid] != ran_after[nodeid]
        ),
    )
    if reasons:
        return seen
    return replace(
        seen, wall_ratio=_ratio(before, after, "wall_time"), cpu_ratio=_ratio(before, after, "cpu_time")
    )


def _ran(profile: Profile) -> dict[str, Outcome]:
    return {test.nodeid: test.outcome for test in profile.tests if test.outcome not in _DID_NOT_RUN}


def _ratio(before: Profile, after: Profile, name: Literal["wall_time", "cpu_time"]) -> float | None:
    old, new = getattr(before, name), getattr(after, name)
    return None if old is None or new is None or not old.median else new.median / old.median
