"""What the operating system accounts to the process; one system call tells all of it."""

from __future__ import annotations

import sys

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

_CPU_TIME = Metric(
    name="cpu_time",
    unit="s",
    description="CPU time of the test's own process, user and system, all threads.",
)
_OTHERS = (
    Metric(
        name="voluntary_switches",
        unit="1",
        sparse=True,
        description="How often the process waited for something and gave up its processor.",
    ),
    Metric(
        name="involuntary_switches",
        unit="1",
        sparse=True,
        description="How often its processor was given to another process: a sign of a busy machine.",
    ),
    Metric(
        name="minor_page_faults",
        unit="1",
        sparse=True,
        description="Pages of memory that the kernel had to map, without reading them from disk.",
    ),
    Metric(
        name="major_page_faults",
        unit="1",
        sparse=True,
        description="Pages of memory that the kernel had to read from disk.",
    ),
    Metric(
        name="peak_rss",
        unit="By",
        sparse=True,
        description="By how much the process's highest resident memory grew.",
    ),
)


def _probe() -> Probe:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return Probe(metrics=(_CPU_TIME,), read=lambda: (CLOCK.cpu(),))
    unit = 1 if sys.platform == "darwin" else 1024  # see getrusage(2) of both

    def read() -> tuple[float, ...]:
        user, system, peak, _, _, _, minor, major, _, _, _, _, _, _, voluntary, involuntary = getrusage(
            RUSAGE_SELF
        )
        return user + system, voluntary, involuntary, minor, major, peak * unit

    return Probe(metrics=(_CPU_TIME, *_OTHERS), read=read)


PROBE = _probe()
