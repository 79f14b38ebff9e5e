"""Reads every probe at once; one that fails is switched off and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import sub

from paceline.clock import CLOCK
from paceline.metrics.base import Probe

Reading = list[float]


def less(values: Reading, part: Reading) -> Reading:
    """Return `values` without those of a `part`; none is negative, though a short one knows only its time."""
    return [max(0.0, value - taken) for value, taken in zip(values, part, strict=True)]


#: Seconds; over a shorter stretch a dear probe isn't read.
_SHORT = 1e-4


class Meter:
    """The probes of one process, the dear ones first and `duration` last.

    A reading is the numbers of all probes in one list. A probe that fails keeps its place in it, and its
    metrics are declared lost: a reader then knows none of its values in this process.
    """

    def __init__(self, probes: Sequence[Probe], lost: Callable[[str, str], None]) -> None:
        """Install `probes`; `lost` is called with the name of each metric that can't be read, and why."""
        self.probes = tuple(probes)
        self.names = tuple(metric.name for probe in probes for metric in probe.metrics)
        self._count = len(self.names)
        self._lost = lost
        self._reads = [probe.read for probe in probes]
        self._cheap = sum(probe.dear for probe in probes)
        self._dear = sum(len(probe.metrics) for probe in probes if probe.dear)
        self._cpu = self.names.index("cpu_time") if "cpu_time" in self.names else None
        self._counter = CLOCK.counter
        self._none = (0.0,) * self._dear
        for at, probe in enumerate(probes):
            try:
                probe.install()
            except Exception as error:  # noqa: BLE001  a failure of a probe never changes a test's outcome
                self._off(at, error)
        self._last: Reading = []
        self._boundary = 0.0
        self._repaired()

    def begin(self) -> Reading:
        """Return the numbers at the beginning of something."""
        last = self._last
        now = self._counter()
        if now - self._boundary > _SHORT or self._cpu is None:
            return self.read()
        # So short a time is taken to be CPU time, and what was counted in it counts for what comes next.
        values = last[: self._dear]
        values[self._cpu] += now - last[-1]
        try:
            values += self._read_cheap()
        except Exception:  # noqa: BLE001  found out which one below
            return self._repaired()
        if len(values) != self._count:
            return self._repaired()
        self._last = values
        self._boundary = values[-1]
        return values

    def took(self, before: Reading) -> Reading:
        """Return the values of something that began with the reading `before` and ends now.

        Of something short, only the time is known; what a dear probe has counted counts for what comes next.
        """
        now = self._counter()
        if now - before[-1] > _SHORT or self._last is not before or self._cpu is None:
            return self.since(before, self.read())
        try:
            cheap = self._read_cheap()
        except Exception:  # noqa: BLE001  found out which one below
            return self.since(before, self._repaired())
        self._boundary = now
        values = [*self._none, *map(sub, cheap, before[self._dear :])]
        values[self._cpu] = values[-1]
        return values

    def read(self) -> Reading:
        """Return the numbers now."""
        values: Reading = []
        try:
            for read in self._reads:
                values += read()
        except Exception:  # noqa: BLE001  found out which one below
            return self._repaired()
        if len(values) != self._count:
            return self._repaired()
        self._last = values
        self._boundary = values[-1]
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
        self._boundary = values[-1]
        return values

    def _read_cheap(self) -> Reading:
        values: Reading = []
        for read in self._reads[self._cheap :]:
            values += read()
        return values

    def _off(self, at: int, error: Exception) -> None:
        metrics = self.probes[at].metrics
        zeros = (0.0,) * len(metrics)
        self._reads[at] = lambda: zeros
        for metric in metrics:
            self._lost(metric.name, f"{type(error).__name__}: {error}")
