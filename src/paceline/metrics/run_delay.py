"""Time that a thread was ready to run and had to wait for a processor (Linux)."""

from __future__ import annotations

import os

from paceline.descriptors import out_of_the_way
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

_METRIC = Metric(
    name="run_delay",
    unit="s",
    sparse=True,
    description="Time that the main thread was ready to run and had to wait for a processor.",
)
_PATH = "/proc/thread-self/schedstat"


class _Schedstat:
    """The kernel's statistics of the main thread, see proc_pid_schedstat(5)."""

    def __init__(self) -> None:
        self._descriptor = -1

    def install(self) -> None:
        """Open the file of the thread that calls this."""
        self._descriptor = out_of_the_way(os.open(_PATH, os.O_RDONLY))

    def uninstall(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def read(self) -> tuple[float]:
        """Return the seconds so far."""
        try:
            text = os.pread(self._descriptor, 80, 0)
        except OSError:  # a test has closed every file
            self.install()
            text = os.pread(self._descriptor, 80, 0)
        return (int(text.split()[1]) / 1e9,)


_SCHEDSTAT = _Schedstat()
PROBE = Probe(
    metrics=(_METRIC,),
    read=_SCHEDSTAT.read,
    install=_SCHEDSTAT.install,
    uninstall=_SCHEDSTAT.uninstall,
)
