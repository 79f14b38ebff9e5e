"""What isolation took of a phase, in seconds: its own work apart from the test's set-up and tear-down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.model.metric import ISOLATION_CPU_TIME, ISOLATION_TIME, Metric

if TYPE_CHECKING:
    from types import TracebackType


class Stopwatch:
    """Runs while isolation works, `with` it; work within work is counted once.

    Isolation works where fixtures are set up and torn down, so on one thread.

    Attributes:
        wall: seconds of all work that has ended.
        cpu: CPU seconds of the same.
    """

    __slots__ = ("_cpu", "_depth", "_wall", "cpu", "wall")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.wall = self.cpu = 0.0
        self._depth = 0
        self._wall = self._cpu = 0.0

    def __enter__(self) -> None:
        """Work begins."""
        self._depth += 1
        if self._depth == 1:
            self._wall, self._cpu = CLOCK.counter(), CLOCK.cpu()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Work ends, whether well or not."""
        self._depth -= 1
        if self._depth == 0:
            self.cpu += CLOCK.cpu() - self._cpu
            self.wall += CLOCK.counter() - self._wall


STOPWATCH = Stopwatch()

PROBE = Probe(metric=Metric(name=ISOLATION_TIME, unit="s"), read=lambda: STOPWATCH.wall)
CPU_PROBE = Probe(metric=Metric(name=ISOLATION_CPU_TIME, unit="s"), read=lambda: STOPWATCH.cpu)
