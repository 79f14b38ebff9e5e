"""Where a SQLite database of our own is: a file in a private folder, or memory of this process."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation.databases import sqlite
from paceline.isolation.pools import forget_connections
from paceline.isolation.sweeping import sweep
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    import sqlite3

    from paceline.isolation.template import Recipe

_NAME = "paceline_test.db"
#: What SQLite keeps beside a database.
_BESIDE = ("-journal", "-wal", "-shm")
_ROOM = 100 * 1024 * 1024


class PrivateFile:
    """A file in a folder that only this user can enter, and that is gone with the process.

    The file that a URL names is read, never written.
    """

    is_ours = True

    def __init__(self, source: str, copy_of: Path | None = None) -> None:
        """Mean a new file, with the content of another one if there is one to copy."""
        self.source = source
        self._copy_of = copy_of
        self._folder = Path(_parent()) / f"paceline-{secrets.token_hex(6)}"
        self.url = _url_of(self._folder / _NAME)
        self.maintenance = self.url
        self._kept = _url_of(self._folder / "template.db")
        self.template: DatabaseUrl | None = None
        self._owner = os.getpid()
        self._lock = -1

    def open(self, recipe: Recipe) -> None:
        """Make the file, fill it, and keep a copy.

        Raises:
            ProvisioningError: the file to copy isn't there or isn't one of SQLite's.
        """
        self._folder.mkdir(mode=0o700)
        # While it's held nobody takes the folder for one that a killed run has left behind.
        self._lock = os.open(self._folder, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sweep(str(self._folder), str(self._folder), -1)
        if self._copy_of is not None:
            if not self._copy_of.is_file():
                raise ProvisioningError(
                    f"{self.source} names {self._copy_of}, which isn't there",
                    hint="Make it, or name what makes the tables: tool.paceline.database has metadata, "
                    "migrations, sql and prepare.",
                )
            _copy(_url_of(self._copy_of), self.url)
        recipe.fill(self.url)
        forget_connections(self.url.name)
        _copy(self.url, self._kept)
        self.template = self._kept

    def renew(self, recipe: Recipe) -> None:
        """Put a copy of the template in its place; connections that are open keep the old file."""
        forget_connections(self.url.name)
        path = Path(self.url.name)
        fresh = path.with_name("fresh.db")
        shutil.copyfile(self._kept.name, fresh)
        for ending in _BESIDE:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        fresh.replace(path)

    def expect(self) -> None:
        """Do nothing: a copy is quickly made."""

    def ended(self, within: float) -> str:
        """Return nothing: there is no server."""
        return ""

    def close(self) -> None:
        """Remove the folder."""
        if self._owner == os.getpid() and self._lock >= 0:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


class PrivateMemory:
    """Memory that every connection of this process to one URL shares."""

    is_ours = True

    def __init__(self, source: str) -> None:
        """Mean a new database."""
        self.source = source
        name = f"paceline_test_{secrets.token_hex(6)}"
        # Not SQLite's shared cache, whose connections lock one another's tables and never wait.
        self.url = DatabaseUrl.parse(f"sqlite:///file:/{name}?uri=true&vfs=memdb")
        self.maintenance = self.url
        self._kept = DatabaseUrl.parse(f"sqlite:///file:/{name}_template?uri=true&vfs=memdb")
        self.template: DatabaseUrl | None = None
        self._alive: list[sqlite3.Connection] = []

    def open(self, recipe: Recipe) -> None:
        """Make it, fill it, and keep a copy."""
        # They are there as long as somebody is connected.
        self._alive = [sqlite.connect(self.url), sqlite.connect(self._kept)]
        recipe.fill(self.url)
        forget_connections(self.url.name)
        _copy(self.url, self._kept)
        self.template = self._kept

    def renew(self, recipe: Recipe) -> None:
        """Write the template over it."""
        forget_connections(self.url.name)
        _copy(self._kept, self.url)

    def expect(self) -> None:
        """Do nothing: a copy is quickly made."""

    def ended(self, within: float) -> str:
        """Return nothing: there is no server."""
        return ""

    def close(self) -> None:
        """Let go of it."""
        while self._alive:
            self._alive.pop().close()


def _url_of(path: Path) -> DatabaseUrl:
    return DatabaseUrl.parse(f"sqlite:///{sqlite.quoted(str(path))}")


def _copy(source: DatabaseUrl, target: DatabaseUrl) -> None:
    with sqlite.connected(source) as read, sqlite.connected(target) as written:
        # The library's own way: right also for a file that somebody is writing to, and for one with a log.
        read.backup(written)


def _parent() -> str:
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is made with a random name and mode 0700
    try:
        about = os.statvfs(memory)
    except OSError:
        return tempfile.gettempdir()
    has_room = os.access(memory, os.W_OK | os.X_OK) and about.f_bavail * about.f_frsize >= _ROOM
    return str(memory) if has_room else tempfile.gettempdir()
