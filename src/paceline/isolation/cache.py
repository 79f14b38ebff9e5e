"""Data directories of prepared clusters, kept between runs in a folder that only the user can read."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

#: About 40 MB each.
_MOST = 6
_WAIT = 300.0


def folder() -> Path | None:
    """Return the folder for the clusters of this user, or None where there can't be one."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        parent = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
        path = parent / "paceline" / "clusters"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = path.lstat()
    except (OSError, RuntimeError):
        return None
    # A server will run from what is in it.
    private = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o077
    return path if private and os.access(path, os.W_OK) else None


class Kept:
    """One data directory: built by whoever comes first, while others wait."""

    def __init__(self, parent: Path, key: str) -> None:
        """Mean the one for `key`."""
        self._parent = parent
        self._path = parent / key
        self._lock = parent / f"{key}.lock"

    @contextmanager
    def locked(self, build: Callable[[Path], None]) -> Generator[Path | None, None, None]:
        """Yield the directory, which nobody removes meanwhile; None where it can't be kept.

        Args:
            build: writes it to a path that doesn't exist yet.

        Raises:
            ProvisioningError: the building failed.
        """
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            yield None
            return
        try:
            available = self._there(descriptor, build)
            yield self._path if available else None
        finally:
            os.close(descriptor)

    def _there(self, descriptor: int, build: Callable[[Path], None]) -> bool:
        if not _wait(descriptor, fcntl.LOCK_SH):
            return False
        if not self._path.is_dir():
            # Two that hold it shared would wait for each other.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            if not _wait(descriptor, fcntl.LOCK_EX):
                return False
            if not self._path.is_dir():
                try:
                    self._build(build)
                except OSError:
                    # No room: then without.
                    return False
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        with suppress(OSError):
            os.utime(self._path)
        return self._path.is_dir()

    def _build(self, build: Callable[[Path], None]) -> None:
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self._parent))
        try:
            build(fresh / "data")
            (fresh / "data").rename(self._path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        prune(self._parent)


def _wait(descriptor: int, kind: int) -> bool:
    deadline = CLOCK.counter() + _WAIT
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            if CLOCK.counter() > deadline:
                return False
            CLOCK.sleep(0.02)
        else:
            return True


def prune(parent: Path, most: int = _MOST) -> None:
    """Remove all but the `most` directories that were used last, except those in use."""
    entries = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("new-")]
    entries.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[most:]:
        lock = path.with_name(f"{path.name}.lock")
        with suppress(OSError):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)
