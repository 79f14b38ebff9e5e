"""The clocks of the process, held where no clock-freezing library finds them.

freezegun replaces every module attribute that is one of the real clock functions, and time-machine rewrites
the wall clocks in place; neither looks inside an instance. So the functions are taken once, at import, and
wall-clock time is derived from the monotonic counter. Measured in pytest 9.2 with freezegun: reading
`time.time` through a module gives phases of 1.3e9 seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial


def _boot_clock() -> Callable[[], float] | None:
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return partial(time.clock_gettime, time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Clock functions bound at construction.

    Attributes:
        counter: monotonic seconds with an arbitrary origin.
        cpu: user and system CPU seconds of this process, all threads.
        thread: the same of the calling thread alone.
        sleep: real waiting, in seconds, even where the tests have patched `time.sleep`.
        boot: seconds since the machine was started; None where the system doesn't tell.
    """

    counter: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time
    thread: Callable[[], float] = time.thread_time
    sleep: Callable[[float], None] = time.sleep
    boot: Callable[[], float] | None = field(default_factory=_boot_clock)
    _epoch: float = field(default_factory=lambda: time.time() - time.perf_counter())

    def at(self, counter: float) -> float:
        """Return the seconds since the epoch at which `counter` was read."""
        return self._epoch + counter

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._epoch + self.counter()


CLOCK = Clock()
