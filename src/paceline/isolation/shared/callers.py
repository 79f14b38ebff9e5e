"""Who begins a transaction, and where: read from the running threads, tasks and frames."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

_LIBRARIES = (
    "sqlalchemy",
    "paceline.isolation",
    "asyncio",
    "concurrent",
    "contextlib",
    "threading",
    "greenlet",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The thread, and where it matters the task, that a transaction belongs to."""

    thread: int
    task: weakref.ref[asyncio.Task[object]] | None
    of_test: bool

    def may_be_nested_over(self) -> bool:
        """Tell whether others needn't wait: the test's own, or a task's that has ended without its own."""
        if self.of_test:
            return True
        if self.task is None:
            return False
        task = self.task()
        return task is None or task.done()

    def same_as(self, other: Caller) -> bool:
        """Tell whether this one would wait for itself: without a task, waiting stops all of its thread."""
        return self.thread == other.thread and (self.task is None or self.task == other.task)


def current_caller(test_thread: int, *, tasks_matter: bool) -> Caller:
    """Return who calls.

    Args:
        test_thread: the thread that runs the tests.
        tasks_matter: the driver is an asyncio one; with a blocking one, a task that waits stops its thread.
    """
    thread = threading.get_ident()
    task = _current_task() if tasks_matter else None
    of_test = thread == test_thread and (task is None or _is_outermost(task))
    return Caller(thread, None if task is None else weakref.ref(task), of_test)


def current_place() -> str:
    """Return file and line of the code outside of libraries that got us here."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    found = _outside(frame)
    if not found and "greenlet" in sys.modules:
        # SQLAlchemy's asyncio half runs in greenlets; the caller waits in the parent.
        greenlet: Any = sys.modules["greenlet"]
        parent: Any = greenlet.getcurrent().parent
        while parent is not None and not found:
            found = _outside(parent.gr_frame)
            parent = parent.parent
    return found or "an unknown place"


def outside_of(libraries: tuple[str, ...], frame: FrameType | None) -> str:
    """Return file and line of the code that called `libraries` from `frame`; empty if that was Paceline."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("paceline.isolation"):
            return ""
        if not module.startswith((*_LIBRARIES, *libraries)):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _outside(frame: FrameType | None) -> str:
    while frame is not None:
        if not str(frame.f_globals.get("__name__", "")).startswith(_LIBRARIES):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _is_outermost(task: asyncio.Task[object]) -> bool:
    """Tell whether `task` is the test or a fixture itself, not one that the application made."""
    # What `run_until_complete` was called with; nothing public tells.
    if "run_until_complete" in repr(getattr(task, "_callbacks", None)):
        return True
    # anyio's pytest plugin runs all tests of a loop in one task.
    return "_run_tests_and_fixtures" in getattr(task.get_coro(), "__qualname__", "")
