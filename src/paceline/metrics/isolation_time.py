"""What isolation took of a phase, in seconds: its own work apart from the test's set-up and tear-down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.model.metric import ISOLATION_CPU_TIME, ISOLATION_TIME, Metric

if TYPE_CHECKING:
    from types import TracebackType


_PLACE = COUNTS.places(2)


class Stopwatch:
    """Runs while isolation works, `with` it; work within work is counted once.

    Isolation works where fixtures are set up and torn down, so on one thread.
    """

    __slots__ = ("_depth", "_lap", "_started")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._depth = 0
        #: Wall and CPU clock when the present work began, or was last counted.
        self._started = (0.0, 0.0)
        # Bound once: the list is searched for this very object.
        self._lap = self._count

    def __enter__(self) -> None:
        """Work begins."""
        self._depth += 1
        if self._depth == 1:
            self._started = (CLOCK.counter(), CLOCK.cpu())
            COUNTS.going.append(self._lap)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Work ends, whether well or not."""
        self._depth -= 1
        if not self._depth:
            COUNTS.going.remove(self._lap)
            self._count()

    @property
    def is_running(self) -> bool:
        """Tell whether isolation is at work now."""
        return self._depth > 0

    def _count(self) -> None:
        """Count wall and CPU seconds of what is going on, so far."""
        wall, cpu = self._started
        self._started = now = (CLOCK.counter(), CLOCK.cpu())
        COUNTS.numbers[_PLACE] += now[0] - wall
        COUNTS.numbers[_PLACE + 1] += now[1] - cpu


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
    place=_PLACE,
)
