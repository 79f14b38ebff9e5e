"""How a MariaDB of our own is found and run."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from paceline.isolation.provision import Own
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from paceline.isolation.server import Place

_SERVER = "mariadbd"
_INSTALLER = "mariadb-install-db"
SOCKET = "server.sock"
#: Where packages put what isn't on everybody's PATH.
_FOLDERS = (
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
)

#: Both for the installer and the server: little space is taken, and nothing waits for a disk.
_SMALL = (
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--innodb-autoextend-increment=1",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
)
SETTINGS = (
    *_SMALL,
    "--skip-networking",
    "--skip-name-resolve",
    "--skip-slave-start",
    "--performance-schema=OFF",
    "--innodb-use-native-aio=0",
    "--innodb-fast-shutdown=1",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=1M",
    "--character-set-server=utf8mb4",
    # What the audit reads: what was committed, row by row.
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--server-id=1",
    "--sync-binlog=0",
    # A lock that nobody lets go is an error of the test that waits, not a hang (seconds).
    "--innodb-lock-wait-timeout=5",
    "--lock-wait-timeout=10",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed(Own):
    """An installation of MariaDB.

    Attributes:
        server: the program that serves.
        installer: the program that makes a data directory.
    """

    server: Path
    installer: Path


@dataclass(frozen=True, slots=True)
class MariadbProgram:
    """The programs of an installation."""

    found: Installed

    title: ClassVar[str] = "MariaDB"
    socket: ClassVar[str] = SOCKET
    # A single process, whose files nobody reads again.
    stop: ClassVar[int] = int(signal.SIGKILL)
    shut_down: ClassVar[int] = int(signal.SIGTERM)
    hidden: ClassVar[tuple[str, ...]] = ("MYSQL", "MARIADB", "LC_", "LANG")

    @property
    def source(self) -> str:
        """Where it comes from, in human words."""
        return self.found.source

    @property
    def made_by(self) -> tuple[object, ...]:
        """What tells a data directory of it from those of others."""
        program = self.found.server.stat()
        return (self.found.source, program.st_size, program.st_mtime_ns, SETTINGS)

    def usable_by_others(self) -> MariadbProgram:
        """Return it: packages of operating systems are for everybody."""
        return self

    def ready(self, place: Place) -> tuple[str, ...]:
        """Return nothing: the socket answers when the server is ready."""
        return ()

    def serve(self, place: Place, *, economical: bool) -> list[str]:
        """Return the command that serves."""
        where = (f"--datadir={place.data}", f"--socket={place.sockets / SOCKET}", f"--tmpdir={place.home}")
        return [str(self.found.server), "--no-defaults", *where, f"--pid-file={place.home}/pid", *SETTINGS]

    def initialise(self, place: Place) -> list[list[str]]:
        """Return the installer: a user `root` without a password, whom only the private socket lets in."""
        options = [
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            *_SMALL,
        ]
        return [[str(self.found.installer), "--no-defaults", f"--datadir={place.data}", *options]]


def in_folders(folders: tuple[str, ...], source: str) -> Installed | str:
    """Return the installation whose programs are in any of `folders`, or why there is none."""
    path = os.pathsep.join(folders)
    server, installer = shutil.which(_SERVER, path=path), shutil.which(_INSTALLER, path=path)
    if server is None or installer is None:
        return f"no {_INSTALLER if server else _SERVER}"
    return Installed(source=source, server=Path(server), installer=Path(installer))


def on_machine(path: str) -> Installed | str:
    """Return the installation on `path` or where packages put it, or why there is none."""
    return in_folders((path, *_FOLDERS), "MariaDB of this machine")


def in_folder(folder: str) -> Installed | str:
    """Return the installation in `folder`, or with its installer beside it, or why there is none."""
    given = Path(folder).expanduser()
    beside = (str(given), str(given.parent / "bin"), str(given.parent / "scripts"))
    found = in_folders(beside, f"MariaDB in {folder}")
    return found if isinstance(found, Installed) else f"{found} in {folder}"


def url_in(place: Place, name: str) -> DatabaseUrl:
    """Return the URL of the database `name`."""
    where = quote(str(place.sockets / SOCKET), safe="/")
    return DatabaseUrl.parse(f"mysql://root@localhost/{name}?charset=utf8mb4&unix_socket={where}")
