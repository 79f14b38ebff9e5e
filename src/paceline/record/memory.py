"""Resident memory around the tests of each module: what stays behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paceline.model.cost import ModuleMemory

if TYPE_CHECKING:
    from collections.abc import Callable

_STATM = "/proc/self/statm"


class Memory:
    """Looks at the process's memory where one module's tests end and another's begin.

    A module whose tests are run in several stretches, as in random order, gets a line for each. Where the
    system doesn't tell the memory, there is none.
    """

    def __init__(self, emit: Callable[[str, object], None], worker: str) -> None:
        """Give each line's kind and record to `emit`."""
        self._emit = emit
        self._worker = worker
        self._path: str | None = None
        self._before: int | None = None

    def module(self, path: str | None) -> None:
        """Note that the next test belongs to the module at `path`; None: there is no next test."""
        now = resident()
        if self._path is not None and self._before is not None and now is not None:
            path_before = self._path.replace("\\", "/")
            self._emit(
                "memory",
                ModuleMemory(path=path_before, before=self._before, after=now, worker=self._worker),
            )
        self._path, self._before = path, now


def resident() -> int | None:
    """Return the process's resident memory in bytes, see proc_pid_statm(5); None where nobody tells."""
    try:
        descriptor = os.open(_STATM, os.O_RDONLY)
        try:
            return int(os.read(descriptor, 80).split()[1]) * os.sysconf("SC_PAGE_SIZE")
        finally:
            os.close(descriptor)
    except (OSError, ValueError, IndexError):
        return None
