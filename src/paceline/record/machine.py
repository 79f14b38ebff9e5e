"""What else the machine did while a process ran its tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from paceline.model.cost import ProcessState

_PROC_STAT = "/proc/stat"
_CPU_STAT = "/sys/fs/cgroup/cpu.stat"
_STEAL = 8  # place in the first line of /proc/stat, see proc_stat(5)


class Machine:
    """The machine's state since this was made."""

    def __init__(self, worker: str) -> None:
        """Begin to watch, in the process called `worker`."""
        self._worker = worker
        self._steal = stolen(_lines(_PROC_STAT))
        self._throttled = throttled(_lines(_CPU_STAT))

    def state(self) -> ProcessState:
        """Return what happened since; what the system doesn't tell is None."""
        own, children, peak = _used()
        return ProcessState(
            worker=self._worker,
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            steal=_since(self._steal, stolen(_lines(_PROC_STAT))),
            throttled=_since(self._throttled, throttled(_lines(_CPU_STAT))),
            cpu_time=own,
            children_cpu_time=children,
            peak_rss=peak,
        )


def stolen(lines: Iterable[str]) -> float | None:
    """Return the seconds that a hypervisor gave to others, over all processors, as /proc/stat says."""
    for line in lines:
        fields = line.split()
        if fields[:1] == ["cpu"] and len(fields) > _STEAL and fields[_STEAL].isdigit():
            return int(fields[_STEAL]) / os.sysconf("SC_CLK_TCK")
    return None


def throttled(lines: Iterable[str]) -> float | None:
    """Return the seconds that the container was kept from running, as cgroup v2's cpu.stat says."""
    for line in lines:
        name, _, value = line.partition(" ")
        if name == "throttled_usec" and value.strip().isdigit():
            return int(value) / 1e6
    return None


def _used() -> tuple[float | None, float | None, int | None]:
    try:
        from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None, None, None
    own, children = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return (
        round(own.ru_utime + own.ru_stime, 6),
        round(children.ru_utime + children.ru_stime, 6),
        own.ru_maxrss * unit,
    )


def _since(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 6)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
