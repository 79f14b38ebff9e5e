"""Times what happens in a session around its tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.clock import CLOCK
from paceline.model.run import SessionSpan

if TYPE_CHECKING:
    from paceline.model.run import SpanName


class Spans:
    """Hooks that hand each span to `note` as it ends."""

    def __init__(
        self, worker: str, loaded_at: tuple[float, float], note: Callable[[str, SessionSpan], None]
    ) -> None:
        """Begin with the `startup` of the process, which ended at counter and CPU seconds `loaded_at`."""
        self._worker = worker
        self._note = note
        self._mark = loaded_at
        age = process_age()
        startup = None if age is None else max(0.0, age - (CLOCK.counter() - loaded_at[0]))
        self._emit("startup", startup, loaded_at[1])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None, object, object]:
        """End `configure`."""
        try:
            return (yield)
        finally:
            self._lap("configure")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Time the collection."""
        self._restart()
        try:
            return (yield)
        finally:
            self._lap("collection")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Time the run loop."""
        self._restart()
        try:
            return (yield)
        finally:
            self._lap("tests")

    def finish(self) -> None:
        """End the last span: what came after the run loop."""
        self._lap("finish")

    def _restart(self) -> None:
        self._mark = (CLOCK.counter(), CLOCK.cpu())

    def _lap(self, name: SpanName) -> None:
        counter, cpu = self._mark
        self._restart()
        self._emit(name, self._mark[0] - counter, self._mark[1] - cpu)

    def _emit(self, name: SpanName, duration: float | None, cpu_time: float) -> None:
        rounded = None if duration is None else round(duration, 6)
        span = SessionSpan(name=name, duration=rounded, cpu_time=round(cpu_time, 6), worker=self._worker)
        self._note("span", span)


def process_age() -> float | None:
    """Return the seconds since this process started, to 0.01 s; None where the system doesn't tell.

    From field 22 of /proc/self/stat, see proc_pid_stat(5).
    """
    if CLOCK.boot is None:
        return None
    try:
        stat = Path("/proc/self/stat").read_text()
        ticks = int(stat.rpartition(")")[2].split()[19])
        return CLOCK.boot() - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
