"""How work gets onto the one physical connection of a driver: one piece at a time, from any thread or loop.

A blocking driver is called by whoever needs it, under a lock. An asyncio driver lives on a loop of its own in
a thread of its own, so that tests with a loop each, and applications in other threads, can share it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.marks import CLONE, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class World(Protocol):
    """Runs work on a connection."""

    def run(self, work: Callable[[], T], *, blocked: Callable[[], str] | None, timeout: float) -> T:
        """Run `work` for the application, after what `blocked` names has ended.

        Raises:
            SharedTransactionError: it didn't end within `timeout` seconds.
        """
        ...

    def settle(self, work: Callable[[], object]) -> None:
        """Run `work` now if possible, else as soon as the connection is free; for garbage collection."""
        ...

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` for ourselves, blocking."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def _still_waiting(waiting_for: str, timeout: float) -> SharedTransactionError:
    return SharedTransactionError(
        f"a transaction waited {timeout:g} s for another one, begun at {waiting_for} and still open: all "
        "transactions of a test share one connection",
        hint=f"End that one first, or mark the test {marked(CLONE)}.",
    )


class BlockingWorld:
    """For psycopg and psycopg2."""

    def __init__(self) -> None:
        """Own nothing yet."""
        self._condition = threading.Condition(threading.RLock())
        self._working = False
        self._later: deque[Callable[[], object]] = deque()

    def run(self, work: Callable[[], T], *, blocked: Callable[[], str] | None, timeout: float) -> T:
        """Run `work` under the lock."""
        with self._condition:
            if blocked is not None and (waiting_for := blocked()):
                deadline = time.monotonic() + timeout
                while waiting_for:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise _still_waiting(waiting_for, timeout)
                    self._condition.wait(left)
                    waiting_for = blocked()
            nested, self._working = self._working, True
            try:
                return work()
            finally:
                self._working = nested
                if not nested:
                    while self._later:
                        self._later.popleft()()
                    self._condition.notify_all()

    def settle(self, work: Callable[[], object]) -> None:
        """Run `work`; garbage collection may strike in the middle of another piece, which ends first."""
        if self._condition.acquire(blocking=False):
            try:
                if not self._working:
                    work()
                    self._condition.notify_all()
                    return
            finally:
                self._condition.release()
        self._later.append(work)

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` under the lock."""
        return self.run(work, blocked=None, timeout=0)

    def close(self) -> None:
        """Nothing was started."""


class LoopWorld:
    """For asyncpg and psycopg's asyncio half."""

    def __init__(
        self,
        spawn: Callable[[Callable[[], object]], Coroutine[object, object, object]],
        await_: Callable[[object], object],
        in_greenlet: Callable[[], bool],
    ) -> None:
        """Start the thread.

        Args:
            spawn: makes a coroutine of a function that awaits by `await_`.
            await_: awaits from inside such a function.
            in_greenlet: tells whether the caller is one.
        """
        self._spawn = spawn
        self._await = await_
        self._in_greenlet = in_greenlet
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="paceline-shared", daemon=True)
        self._thread.start()
        self._condition = asyncio.Condition()
        self._settling: set[asyncio.Task[object]] = set()

    def run(self, work: Callable[[], T], *, blocked: Callable[[], str] | None, timeout: float) -> T:
        """Run `work` on the loop; the caller's own loop goes on meanwhile."""
        if threading.get_ident() == self._thread.ident:
            return work()
        future = asyncio.run_coroutine_threadsafe(self._turn(work, blocked, timeout), self._loop)
        if self._in_greenlet():
            return self._await(asyncio.wrap_future(future))  # type: ignore[return-value] # pyright: ignore[reportReturnType]
        return future.result()  # type: ignore[return-value] # pyright: ignore[reportReturnType]

    def settle(self, work: Callable[[], object]) -> None:
        """Run `work` soon; what is sent afterwards comes after it."""
        # The collector may come when the connection has gone.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle, work)

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` on the loop."""
        if threading.get_ident() == self._thread.ident:
            return work()
        future = asyncio.run_coroutine_threadsafe(self._turn(work, None, 0), self._loop)
        return future.result()  # type: ignore[return-value] # pyright: ignore[reportReturnType]

    def close(self) -> None:
        """End the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _settle(self, work: Callable[[], object]) -> None:
        task = self._loop.create_task(self._turn(work, None, 0))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _turn(
        self, work: Callable[[], object], blocked: Callable[[], str] | None, timeout: float
    ) -> object:
        async with self._condition:
            if blocked is not None and blocked():
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await self._condition.wait_for(lambda: not blocked())
                if waiting_for := blocked():
                    raise _still_waiting(waiting_for, timeout)
            try:
                return await self._spawn(work)
            finally:
                self._condition.notify_all()
