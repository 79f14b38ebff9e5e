"""What the garbage collector took."""

from __future__ import annotations

import gc
from collections.abc import Mapping

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.model.metric import Metric

_METRICS = (
    Metric(name="gc_time", unit="s", sparse=True, description="CPU time of the garbage collector."),
    Metric(
        name="gc_full_collections",
        unit="1",
        sparse=True,
        description="Garbage collections of the oldest generation: the long ones, which any change in "
        "allocations moves to another test.",
    ),
)
_OLDEST = 2
_SECONDS = COUNTS.places(2)
_FULL = _SECONDS + 1


class _Pauses:
    """Sums up the collector's pauses.

    In CPU time: a wait for a processor in the midst of a pause is part of `run_delay` already, and would be
    taken out of `clean_time` twice.
    """

    def __init__(self) -> None:
        self._started: float | None = None
        self._cpu = CLOCK.thread
        # Bound once: `gc.callbacks` is searched for this very object.
        self._called = self._collects

    def install(self) -> None:
        """Be called by the collector."""
        gc.callbacks.append(self._called)

    def uninstall(self) -> None:
        """Be called no more."""
        if self._called in gc.callbacks:
            gc.callbacks.remove(self._called)

    def renew(self) -> None:
        """Be called again, if a test has cleared the list."""
        if self._called not in gc.callbacks:
            self._started = None
            gc.callbacks.append(self._called)

    def _collects(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._started = self._cpu()
        elif self._started is not None:
            COUNTS.numbers[_SECONDS] += self._cpu() - self._started
            self._started = None
            COUNTS.numbers[_FULL] += info["generation"] == _OLDEST


_PAUSES = _Pauses()
PROBE = Probe(
    metrics=_METRICS,
    place=_SECONDS,
    install=_PAUSES.install,
    renew=_PAUSES.renew,
    uninstall=_PAUSES.uninstall,
)
