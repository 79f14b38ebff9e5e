"""A process that is sent a signal as soon as it has come far enough, and of which nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PATIENCE = 120


def interrupted(
    command: Sequence[str],
    ready: Callable[[], bool],
    by: int,
    *,
    cwd: Path,
    env: Mapping[str, str],
    group: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `command`, send it the signal `by` when it is `ready`, and return how it ended.

    Args:
        group: send it to all of its processes, as a terminal does; otherwise only to the first one.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it never got ready for the signal"
            time.sleep(0.02)
        if group:
            os.killpg(process.pid, by)
        else:
            process.send_signal(by)
        stdout, stderr = process.communicate(timeout=_PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
