"""Data directories of prepared clusters, kept between runs in a folder that only the user can read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.isolation import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

#: About 40 MB each.
_MOST = 6
#: Where one is being built.
_NEW = "new-"
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
    """One data directory: built by whoever comes first, while others wait.

    Beside it is noted how large it is, and which files were read when it was built: one that has lost
    something, or that another file would make different by now, is built anew.
    """

    def __init__(self, parent: Path, key: str) -> None:
        """Mean the one for `key`."""
        self._parent = parent
        self._path = parent / key
        self._lock = parent / f"{key}.lock"
        self._about = parent / f"{key}.json"

    @contextmanager
    def locked(self, build: Callable[[Path], Iterable[Path]]) -> Generator[Path | None, None, None]:
        """Yield the directory, which nobody removes meanwhile; None where it can't be kept.

        Args:
            build: writes it to a path that doesn't exist yet, and returns files that it depends on.

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

    def is_current(self) -> bool:
        """Tell whether it's there, and whole, and would still come out as it is."""
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            reads = [Path(path) for path, _ in about["reads"]]
            return bool(
                about["size"] == _size(self._path)
                and [list(read) for read in sources.digests(reads)] == about["reads"]
            )
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def _there(self, descriptor: int, build: Callable[[Path], Iterable[Path]]) -> bool:
        if not _wait(descriptor, fcntl.LOCK_SH):
            return False
        if not self.is_current():
            # Two that hold it shared would wait for each other.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            if not _wait(descriptor, fcntl.LOCK_EX):
                return False
            if not self.is_current():
                try:
                    self._build(build)
                except OSError:
                    # No room: then without.
                    return False
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        with suppress(OSError):
            os.utime(self._path)
        return self._path.is_dir()

    def _build(self, build: Callable[[Path], Iterable[Path]]) -> None:
        fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=self._parent))
        building = os.open(fresh, os.O_RDONLY)
        try:
            # While it's held nobody takes the folder for one that a killed run has left behind.
            fcntl.flock(building, fcntl.LOCK_EX | fcntl.LOCK_NB)
            reads = build(fresh / "data")
            about = {"size": _size(fresh / "data"), "reads": sources.digests(reads)}
            (fresh / "about").write_text(json.dumps(about), encoding="utf-8")
            shutil.rmtree(self._path, ignore_errors=True)
            (fresh / "about").rename(self._about)
            (fresh / "data").rename(self._path)
        finally:
            os.close(building)
            shutil.rmtree(fresh, ignore_errors=True)
        prune(self._parent)


def _size(folder: Path) -> list[int]:
    """Return how many files there are in `folder`, and how many bytes."""
    number, total = 0, 0
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            files, more = _size(Path(entry.path))
            number, total = number + files, total + more
        else:
            number, total = number + 1, total + entry.stat(follow_symlinks=False).st_size
    return [number, total]


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
    """Remove all but the `most` directories that were used last, except those in use.

    What a run was building when it was killed is removed as well.
    """
    entries = [path for path in parent.iterdir() if path.is_dir()]
    kept = [path for path in entries if not path.name.startswith(_NEW)]
    kept.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[most:]:
        _remove_unused(path, parent / f"{path.name}.lock", parent / f"{path.name}.json")
    for path in set(entries) - set(kept):
        _remove_unused(path, path)


def _remove_unused(folder: Path, lock: Path, *more: Path) -> None:
    flags = os.O_RDONLY if lock == folder else os.O_RDWR | os.O_CREAT
    with suppress(OSError):
        descriptor = os.open(lock, flags | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            for path in more:
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
