"""Reads every probe at once; one that fails is switched off and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import add, sub

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS

#: One number per metric, `duration` last.
Reading = list[float]
#: A moment: its counter; the counts at it; the dear numbers as they were last read; the seconds since then.
Mark = tuple[float, list[float], list[float], float]

#: Seconds for which the last reading of the dear probes will do.
_SHORT = 5e-4
#: Seconds within which a reading is one moment, and how often it's tried.
_UNDISTURBED, _TRIES = 1e-4, 3
#: The same lists for ever.
_NUMBERS, _GOING = COUNTS.numbers, COUNTS.going


def plus(values: Reading, more: Reading) -> Reading:
    """Return both together."""
    return list(map(add, values, more))


def less(values: Reading, part: Reading) -> Reading:
    """Return `values` without those of a `part`; none is negative, though a short one knows only its time."""
    return [max(0.0, value - taken) for value, taken in zip(values, part, strict=True)]


def _numbers(probe: Probe) -> Sequence[float]:
    """Read `probe`.

    Raises:
        ValueError: it has another number of numbers than of metrics, or no way to read them.
    """
    found = probe.read() if probe.read is not None else ()
    if len(found) != len(probe.metrics):
        raise ValueError(f"{len(found)} numbers for {len(probe.metrics)} metrics")
    return found


class Meter:
    """The probes of one process, the dear ones first and `duration` last.

    A probe that fails keeps its place in every reading, and its metrics are declared lost: a reader then
    knows none of its values in this process.
    """

    def __init__(self, probes: Sequence[Probe], lost: Callable[[str, str], None]) -> None:
        """Install `probes`; `lost` is called with the name of each metric that can't be read, and why."""
        self.probes = tuple(probes)
        names = [metric.name for probe in probes for metric in probe.metrics]
        self._lost = lost
        self._off: set[int] = set()
        self._counter = CLOCK.counter
        self._cpu = names.index("cpu_time") if "cpu_time" in names else None
        self._nothing: Reading = [0.0] * len(names)
        self._dear_probes = [at for at, probe in enumerate(probes) if probe.dear]
        for at, probe in enumerate(probes):
            try:
                probe.install()
            except Exception as error:  # noqa: BLE001  a failure of a probe never changes a test's outcome
                self._switch_off(at, error)
        self._size = len(COUNTS.numbers)
        #: Probes that are asked every time, and where the numbers of each metric are in the counts of a mark.
        self._asked = [at for at, probe in enumerate(probes[:-1]) if not probe.dear and probe.place is None]
        self._places = self._laid_out()
        self._renewals = [probe.renew for probe in probes if probe.renew is not None]
        self._dear: list[float] = []
        self._read_at = self._boundary = self._counter()
        self._read(self._boundary)

    def begin(self) -> Mark:
        """Return the moment at which something begins."""
        now = self._counter()
        if now - self._boundary > _SHORT:
            now = self._read(now)
        self._boundary = now
        counts = self._counts() if self._asked or _GOING else _NUMBERS[: self._size]
        return now, counts, self._dear, now - self._read_at

    def since(self, before: Mark) -> Reading:
        """Return the values of something that began at `before` and ends now."""
        return self.whole(self.told(before))

    def told(self, before: Mark) -> Reading | float:
        """Return the same; of what was short, and in which nothing was counted, only the seconds."""
        now = self._counter()
        if now - self._read_at > _SHORT:
            self._read(now)
            now = self._read_at
        self._boundary = now
        counts = self._counts() if self._asked or _GOING else _NUMBERS[: self._size]
        took = now - before[0]
        if counts == before[1] and self._dear is before[2]:
            return took
        counted = before[1]
        values = list(map(sub, self._dear, before[2]))
        if self._cpu is not None:
            values[self._cpu] = max(0.0, values[self._cpu] + now - self._read_at - before[3])
        values += [counts[at] - counted[at] for at in self._places]
        values.append(took)
        return values

    def whole(self, told: Reading | float) -> Reading:
        """Return all values of what was `told`."""
        if isinstance(told, list):
            return told
        values = self._nothing[:]
        values[-1] = told
        if self._cpu is not None:
            values[self._cpu] = told
        return values

    def renew(self) -> None:
        """Let the probes see to it that they are still in their places, before a test."""
        for renew in self._renewals:
            renew()
        if COUNTS.failures:
            self.check()

    def check(self) -> None:
        """Declare the metrics lost of instruments that have failed meanwhile."""
        for at, probe in enumerate(self.probes):
            if probe.place in COUNTS.failures:
                self._switch_off(at, COUNTS.failures[probe.place])

    def close(self) -> None:
        """Uninstall every probe."""
        for at, probe in enumerate(self.probes):
            if at not in self._off:
                with suppress(Exception):  # nothing of it is needed any more
                    probe.uninstall()

    def _counts(self) -> list[float]:
        for going in tuple(_GOING):
            going()
        counts = _NUMBERS[: self._size]
        for at in self._asked:
            counts += self._ask(at)
        return counts

    def _read(self, now: float) -> float:
        """Read the dear probes; it's `now`, and `_read_at` becomes the moment that the numbers are of.

        To ask is when a busy system takes the processor away. What was waited for in between would be in the
        numbers and not in the duration, or the other way round, so what took long is asked again.

        Returns:
            The moment after.
        """
        values: list[float] = []
        for _ in range(_TRIES):
            self._read_at = now
            values = []
            for at in self._dear_probes:
                values += self._ask(at)
            now = self._counter()
            if now - self._read_at < _UNDISTURBED:
                break
        self._dear = values
        return now

    def _ask(self, at: int) -> Sequence[float]:
        probe = self.probes[at]
        if at not in self._off:
            try:
                return _numbers(probe)
            except Exception as error:  # noqa: BLE001  a failure of a probe never changes a test's outcome
                self._switch_off(at, error)
        return (0.0,) * len(probe.metrics)

    def _laid_out(self) -> list[int]:
        """Return the places of the metrics that are neither dear nor the duration."""
        places: list[int] = []
        asked = self._size
        for probe in self.probes[:-1]:
            if probe.dear:
                continue
            if probe.place is None:
                first, asked = asked, asked + len(probe.metrics)
            else:
                first = probe.place
            places += range(first, first + len(probe.metrics))
        return places

    def _switch_off(self, at: int, error: Exception) -> None:
        if at in self._off:
            return
        self._off.add(at)
        for metric in self.probes[at].metrics:
            self._lost(metric.name, f"{type(error).__name__}: {error}")
