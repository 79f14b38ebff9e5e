"""Reads every probe at once; one that fails is switched off and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import sub

from paceline.clock import CLOCK
from paceline.metrics.base import Probe

Reading = list[float]
#: Seconds since the last read within which a dear probe isn't read again.
_NEAR = 2e-4


class Meter:
    """The probes of one process, the dear ones first and `duration` last.

    A reading is the numbers of all probes in one list. A probe that fails keeps its place in it, and its
    metrics are declared lost: a reader then knows none of its values in this process.
    """

    def __init__(self, probes: Sequence[Probe], lost: Callable[[str, str], None]) -> None:
        """Install `probes`; `lost` is called with the name of each metric that can't be read, and why."""
        self.probes = tuple(probes)
        self.names = tuple(metric.name for probe in probes for metric in probe.metrics)
        self._lost = lost
        self._reads = [probe.read for probe in probes]
        self._cheap = sum(probe.dear for probe in probes)
        self._dear = sum(len(probe.metrics) for probe in probes if probe.dear)
        self._cpu = self.names.index("cpu_time") if "cpu_time" in self.names else None
        self._counter = CLOCK.counter
        for at, probe in enumerate(probes):
            try:
                probe.install()
            except Exception as error:  # noqa: BLE001  a failure of a probe never changes a test's outcome
                self._off(at, error)
        self._last = self._repaired()

    def begin(self) -> Reading:
        """Return the numbers at the beginning of something."""
        since = self._counter() - self._last[-1]
        if since > _NEAR:
            return self.read()
        # Nothing was waited for in so short a time: it was CPU time, or the wait is as short.
        values = self._last[: self._dear]
        if self._cpu is not None:
            values[self._cpu] += since
        try:
            for read in self._reads[self._cheap :]:
                values += read()
        except Exception:  # noqa: BLE001  found out which one below
            return self._repaired()
        return values if len(values) == len(self.names) else self._repaired()

    def read(self) -> Reading:
        """Return the numbers now."""
        values: Reading = []
        try:
            for read in self._reads:
                values += read()
        except Exception:  # noqa: BLE001  found out which one below
            return self._repaired()
        if len(values) != len(self.names):
            return self._repaired()
        self._last = values
        return values

    def since(self, before: Reading, after: Reading) -> Reading:
        """Return what was added between two readings."""
        values = list(map(sub, after, before))
        if self._cpu is not None and values[self._cpu] < 0:  # see `begin`
            values[self._cpu] = 0.0
        return values

    def close(self) -> None:
        """Uninstall every probe."""
        for probe, read in zip(self.probes, self._reads, strict=True):
            if read is probe.read:
                with suppress(Exception):  # nothing of it is needed any more
                    probe.uninstall()

    def _repaired(self) -> Reading:
        values: Reading = []
        for at in range(len(self._reads)):
            try:
                found = self._reads[at]()
                if len(found) != len(self.probes[at].metrics):
                    raise ValueError(f"{len(found)} numbers for {len(self.probes[at].metrics)} metrics")  # noqa: TRY301  one way out for every failure
                values += found
            except Exception as error:  # noqa: BLE001  a failure of a probe never changes a test's outcome
                self._off(at, error)
                values += self._reads[at]()
        self._last = values
        return values

    def _off(self, at: int, error: Exception) -> None:
        metrics = self.probes[at].metrics
        zeros = (0.0,) * len(metrics)
        self._reads[at] = lambda: zeros
        for metric in metrics:
            self._lost(metric.name, f"{type(error).__name__}: {error}")
