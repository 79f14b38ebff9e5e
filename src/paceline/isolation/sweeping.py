"""Remove what servers have left behind whose supervisor was killed, too."""

from __future__ import annotations

import fcntl
import os
import shutil
import time

from paceline.isolation.supervisor import ABOUT, answers, lines_of

_PREFIX = "paceline-"
#: A directory younger than this may not have got its lock yet (seconds).
_FRESH = 60.0


def sweep(home: str, sockets: str, uid: int) -> None:
    """Remove what is left of servers whose supervisor was killed too."""
    mine = {os.geteuid(), uid}
    for parent in {os.path.dirname(home), os.path.dirname(sockets)}:
        for entry in os.scandir(parent):
            if not entry.name.startswith(_PREFIX) or entry.path in {home, sockets}:
                continue
            try:
                about = entry.stat(follow_symlinks=False)
                young = time.time() - about.st_ctime < _FRESH
                if young or about.st_uid not in mine or not entry.is_dir(follow_symlinks=False):
                    continue
                descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end_abandoned(entry.path)
                shutil.rmtree(entry.path, ignore_errors=True)
            except OSError:
                continue
            finally:
                os.close(descriptor)


def end_abandoned(home: str) -> None:
    """End the server in `home` where the kernel didn't when its supervisor was killed."""
    try:
        child, number, where = lines_of(f"{home}/{ABOUT}")
        # Something listens there: so the pid is still that server's and not a stranger's.
        if answers(where):
            os.kill(int(child), int(number))
    except (OSError, ValueError):
        return
