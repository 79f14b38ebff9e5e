"""CPU time of child processes."""

from __future__ import annotations

from paceline.metrics.base import Probe
from paceline.model.metric import Metric

_METRIC = Metric(
    name="children_cpu_time",
    unit="s",
    sparse=True,
    description="CPU time of child processes, and theirs, which the process waited for in that time.",
)


def _probe() -> Probe | None:
    try:
        from resource import RUSAGE_CHILDREN, getrusage
    except ImportError:  # Windows
        return None

    def read() -> tuple[float]:
        used = getrusage(RUSAGE_CHILDREN)
        return (used[0] + used[1],)

    return Probe(metrics=(_METRIC,), read=read)


PROBE = _probe()
