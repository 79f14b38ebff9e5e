"""Sums up what lies around the tests of a run: start-up, collection, and what no test and no fixture took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from paceline.model.times import TimeKind

#: Before the first test, in the order in which the parts of the session are looked for in them.
_BEFORE: dict[str, TimeKind] = {"collection": "collection", "configure": "startup", "startup": "startup"}


class SpanTotals:
    """Adds up spans and parts of the session as they come.

    Attributes:
        workers: whether pytest-xdist ran the tests, so that the main process only waited for them.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.workers = False
        self._spans: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._parts: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._ends: defaultdict[str, float] = defaultdict(float)

    def span(self, worker: str, name: str, seconds: float) -> None:
        """Count a span of the session."""
        self._spans[worker][name] += max(0.0, seconds)

    def part(self, worker: str, seconds: float, *, is_module: bool) -> None:
        """Count a file or module before the first test."""
        self._parts[worker][is_module] += max(0.0, seconds)

    def busy(self, worker: str, seconds: float, end: float) -> None:
        """Count the wall seconds of a phase of a test or of a shared fixture, which ended at `end`."""
        self._busy[worker] += seconds
        self._ends[worker] = max(self._ends[worker], end)

    def seconds(self) -> Iterator[tuple[TimeKind, float]]:
        """Yield seconds by kind, several times for a kind."""
        for worker, spans in self._spans.items():
            other, modules = self._parts[worker]
            taken = other + modules
            yield "startup", other
            yield "collection", modules
            for name, kind in _BEFORE.items():
                yield kind, max(0.0, spans[name] - taken)
                taken = max(0.0, taken - spans[name])
            yield "other", spans["finish"]
            if worker != "main" or not self.workers:
                yield "other", max(0.0, spans["tests"] - self._busy[worker])
        last = max(self._ends.values(), default=0.0)
        for worker, end in self._ends.items() if self.workers else ():
            yield "waiting", max(0.0, last - end - self._spans[worker]["finish"])
