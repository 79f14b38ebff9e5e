"""A fixed point in a suite's past, against which small steps add up: pure."""

from __future__ import annotations

from paceline.model.baseline import Anchor
from paceline.model.profile import TIMES, Profile

#: Tests below this are too short to be followed one by one.
_LEAST = 0.005


def anchor_of(profile: Profile) -> Anchor | None:
    """Return what the figures of `profile` are remembered by; None if there are none."""
    if not profile.has_figures or not profile.tests or profile.environment is None:
        return None
    metric = next((name for name in TIMES if any(test.seconds(name) for test in profile.tests)), None)
    if metric is None:
        return None
    seconds = {test.nodeid: test.seconds(metric) for test in profile.tests}
    return Anchor(
        recorded_at=profile.recorded_at or "",
        commit=profile.revision.commit if profile.revision is not None else None,
        python=profile.environment.python,
        cpu_model=profile.environment.cpu_model,
        workers=profile.workers,
        metric=metric,
        total=sum(seconds.values()),
        tests={nodeid: value for nodeid, value in sorted(seconds.items()) if value >= _LEAST},
    )
