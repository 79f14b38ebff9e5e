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
    """

    __slots__ = ("_depth", "_ended", "_started")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._depth = 0
        #: Wall and CPU seconds of the work that has ended, and the clocks when the present one began.
        self._ended = self._started = (0.0, 0.0)

    def __enter__(self) -> None:
        """Work begins."""
        self._depth += 1
        if self._depth == 1:
            self._started = (CLOCK.counter(), CLOCK.cpu())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Work ends, whether well or not."""
        if self._depth == 1:
            self._ended = self.elapsed()
        self._depth -= 1

    @property
    def is_running(self) -> bool:
        """Tell whether isolation is at work now."""
        return self._depth > 0

    def elapsed(self) -> tuple[float, float]:
        """Return wall and CPU seconds of all work, also of what is going on."""
        if not self._depth:
            return self._ended
        (wall, cpu), (wall_began, cpu_began) = self._ended, self._started
        return wall + CLOCK.counter() - wall_began, cpu + CLOCK.cpu() - cpu_began


STOPWATCH = Stopwatch()

PROBE = Probe(
    metrics=(
        Metric(
            name=ISOLATION_TIME,
            unit="s",
            sparse=True,
            apart=("duration",),
            description="Wall time that isolation took for its own work.",
        ),
        Metric(
            name=ISOLATION_CPU_TIME,
            unit="s",
            sparse=True,
            apart=("cpu_time",),
            description="CPU time that isolation took for its own work.",
        ),
    ),
    read=STOPWATCH.elapsed,
)
