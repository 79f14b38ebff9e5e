"""What the operating system accounts to the process; one system call tells nearly all of it."""

from __future__ import annotations

import os
import sys

from paceline.clock import CLOCK
from paceline.descriptors import out_of_the_way
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
    Metric(
        name="children_cpu_time",
        unit="s",
        sparse=True,
        description="CPU time of child processes, and theirs, which the process waited for in that time.",
    ),
)
_RUN_DELAY = Metric(
    name="run_delay",
    unit="s",
    sparse=True,
    description="Time that the main thread was ready to run and had to wait for a processor (Linux).",
)
_SCHEDSTAT = "/proc/thread-self/schedstat"


class _RunDelay:
    """The kernel's statistics of the main thread, see proc_pid_schedstat(5)."""

    def __init__(self) -> None:
        self._descriptor = -1

    def open(self) -> None:
        """Open the file of the thread that calls this."""
        self._descriptor = out_of_the_way(os.open(_SCHEDSTAT, os.O_RDONLY))

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def read(self) -> float:
        """Return the seconds so far."""
        try:
            text = os.pread(self._descriptor, 80, 0)
        except OSError:  # a test has closed every file
            self.open()
            text = os.pread(self._descriptor, 80, 0)
        return int(text.split()[1]) / 1e9


def _no_delay() -> float:
    return 0.0


def _probe() -> Probe:
    try:
        from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return Probe(metrics=(_CPU_TIME,), read=lambda: (CLOCK.cpu(),), dear=True)
    unit = 1 if sys.platform == "darwin" else 1024  # see getrusage(2) of both
    delay = _RunDelay() if os.access(_SCHEDSTAT, os.R_OK) else None
    read_delay = _no_delay if delay is None else delay.read
    switches = (-1, -1)
    after_switch = (0.0, 0.0)

    def read() -> tuple[float, ...]:
        nonlocal switches, after_switch
        used = getrusage(RUSAGE_SELF)
        if used[14:] != switches:
            # Who wasn't switched has waited neither for a processor nor for a child.
            switches = used[14:]
            children = getrusage(RUSAGE_CHILDREN)
            after_switch = (children[0] + children[1], read_delay())
        return used[0] + used[1], *switches, used[6], used[7], used[2] * unit, *after_switch

    if delay is None:
        return Probe(metrics=(_CPU_TIME, *_OTHERS), read=lambda: read()[:-1], dear=True)
    return Probe(
        metrics=(_CPU_TIME, *_OTHERS, _RUN_DELAY),
        read=read,
        install=delay.open,
        uninstall=delay.close,
        dear=True,
    )


PROBE = _probe()
