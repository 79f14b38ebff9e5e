"""Runs one pytest process: watches its run file, ends it when it hangs, and says how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from paceline.model.run import RunEnd
from paceline.store.run_file import progress

_LOOK_EVERY = 0.2  # seconds
_GRACE = 10.0  # seconds to end in good order before the process group is killed


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come.

    Attributes:
        total: None while the tests are being collected.
        nodeid: of the test that ended last.
        elapsed: seconds since the process was started.
    """

    done: int
    total: int | None
    nodeid: str | None
    elapsed: float


@dataclass(slots=True)
class _Watch:
    """What the run file has said so far."""

    path: Path
    offset: int = 0
    done: int = 0
    total: int | None = None
    nodeid: str | None = None
    moved_at: float = field(default_factory=time.monotonic)

    def look(self) -> bool:
        """Read what is new; tell whether anything was."""
        offset, records = progress(self.path, self.offset)
        moved = offset != self.offset
        self.offset = offset
        for record in records:
            if record.get("kind") == "collected":
                self.total = len(record["nodeids"])
            elif record.get("kind") == "test":
                self.done += record["attempt"] == 1
                self.nodeid = record["nodeid"]
        if moved:
            self.moved_at = time.monotonic()
        return moved


class RunInterruptedError(Exception):
    """The user asked to stop; `end` says how pytest ended."""

    def __init__(self, end: RunEnd) -> None:
        """Carry how pytest ended."""
        super().__init__("interrupted")
        self.end = end


class OutOfTimeError(Exception):
    """A run was ended at its deadline."""


def run_pytest(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    run_file: Path,
    log: Path,
    stall_timeout: float,
    advanced: Callable[[Progress], None],
    deadline: float = inf,
) -> RunEnd:
    """Run `command` in `directory` with its output in `log`, and return how it ended.

    Args:
        stall_timeout: seconds without a line in `run_file` after which the whole process group is ended.
        advanced: called whenever something has moved, and about five times a second.
        deadline: value of the monotonic clock at which the whole process group is ended.

    Raises:
        RunInterruptedError: Ctrl-C; pytest was given the time to end in good order.
        OutOfTimeError: the deadline has passed.
    """
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its own process group, so that workers can be ended with it
        )
    waiter = _Waiter(process)
    watch = _Watch(run_file)
    stalled = interrupted = late = False
    try:
        while not waiter.ended.wait(_LOOK_EVERY):
            watch.look()
            now = time.monotonic()
            advanced(Progress(done=watch.done, total=watch.total, nodeid=watch.nodeid, elapsed=now - started))
            if now - watch.moved_at > stall_timeout or now > deadline:
                late = now > deadline
                stalled = not late
                break
    except KeyboardInterrupt:
        interrupted = True
    if stalled or interrupted or late:
        _end(waiter)
    _kill_group(process.pid)  # workers that outlived their controller
    end = RunEnd(
        exit_code=waiter.status if waiter.status >= 0 else None,
        signal=-waiter.status if waiter.status < 0 else None,
        stalled=stalled,
        duration=round(waiter.ended_at - started, 4),
        cpu_time=round(waiter.cpu_time, 4),
        ended_at=round(time.time(), 3),
    )
    if interrupted:
        raise RunInterruptedError(end)
    if late:
        raise OutOfTimeError
    return end


class _Waiter:
    """Waits for a process in a thread, so that its end is timed when it happens."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.ended = threading.Event()
        self.status = 0
        self.cpu_time = 0.0
        self.ended_at = 0.0
        self.process = process
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        # wait4 also gives the CPU time of the descendants that pytest has waited for.
        _, status, usage = os.wait4(self.process.pid, 0)
        self.ended_at = time.monotonic()
        self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_time = usage.ru_utime + usage.ru_stime
        self.ended.set()


def _end(waiter: _Waiter) -> None:
    """Ask for an orderly end, then insist; a second Ctrl-C insists at once."""
    with suppress(ProcessLookupError):
        os.killpg(waiter.process.pid, signal.SIGINT)
    with suppress(KeyboardInterrupt):
        if waiter.ended.wait(_GRACE):
            return
    _kill_group(waiter.process.pid)
    waiter.ended.wait()


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
