"""Start and stop a PostgreSQL of our own: private directory, Unix socket only, gone when the tests are."""

from __future__ import annotations

import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import quote

from paceline.clock import CLOCK
from paceline.errors import ProvisioningError
from paceline.isolation.binaries import usable_by_others
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from paceline.isolation.provision import Binaries

_PREFIX = "paceline-"
_PORT = 5432
#: Bytes of a socket's path that every Unix accepts, without the final zero (macOS: 103).
_LONGEST_SOCKET = 103
#: A new cluster takes 40 MB and grows with the tests' data (bytes).
_ROOM = 300 * 1024 * 1024
_START_TIMEOUT = 120.0
_STOP_TIMEOUT = 15.0
_LOG_LINES = 15

#: A crash may lose the data, nothing happens by itself in the background, and little space is taken.
SETTINGS = (
    "listen_addresses=",
    f"port={_PORT}",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "shared_buffers=32MB",
    # The default allows none, and a test with a database of its own may want some.
    "max_prepared_transactions=16",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user that a server runs as; -1 stands for the current one."""

    uid: int = -1
    gid: int = -1


def identity() -> Identity | str:
    """Return who may run a server here, or why nobody can: PostgreSQL refuses root and unknown users."""
    if os.name != "posix":
        return "needs Unix sockets"
    import pwd

    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return f"uid {os.geteuid()} has no entry in the password database, which PostgreSQL refuses"
        return Identity()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(uid=entry.pw_uid, gid=entry.pw_gid)
    return "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cluster lives. Nothing exists there before the server is started."""

    home: Path
    sockets: Path
    in_memory: bool

    @classmethod
    # S108: the folders below are made by the supervisor with a random name and mode 0700, or not at all.
    def choose(cls, *, memory: Path = Path("/dev/shm"), room: int = _ROOM) -> Place:  # noqa: S108
        """Choose an unpredictable name, in memory where there are `room` bytes."""
        name = _PREFIX + secrets.token_hex(6)
        in_memory = _has_room(memory, room)
        # Root's TMPDIR may be closed to the user that runs the server.
        roots = (Path(tempfile.gettempdir()), Path("/var/tmp"))  # noqa: S108
        root = memory if in_memory else next(filter(_enterable, roots), Path("/tmp"))  # noqa: S108
        home = root / name
        longest = len(os.fsencode(home / f".s.PGSQL.{_PORT}.lock"))
        sockets = home if longest <= _LONGEST_SOCKET else Path("/tmp") / name  # noqa: S108
        return cls(home=home, sockets=sockets, in_memory=in_memory)

    def url(self, name: str) -> DatabaseUrl:
        """Return the URL of the database `name`; host and port are given so that PGHOST and PGPORT lose."""
        where = quote(str(self.sockets), safe="/")
        return DatabaseUrl.parse(f"postgresql://postgres@/{name}?host={where}&port={_PORT}")


def _has_room(folder: Path, room: int) -> bool:
    try:
        about = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and about.f_bavail * about.f_frsize >= room


def _enterable(folder: Path) -> bool:
    return os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


class PrivateServer:
    """A PostgreSQL that ends with this process, however this process ends."""

    def __init__(self, binaries: Binaries, place: Place, user: Identity) -> None:
        """Run `binaries` as `user` in `place`, from `start` on."""
        self.place = place
        self._binaries = binaries
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._ended = ""

    def start(self, data: Path | None = None, *, economical: bool = False) -> None:
        """Create the cluster and wait until it accepts connections.

        Args:
            data: data directory to begin with a copy of, from `freeze`; None: an empty cluster.
            economical: keep little of the write-ahead log, because the cluster is about to be frozen.

        Raises:
            ProvisioningError: it did not come up; the message holds the end of its log.
        """
        binaries = self._binaries if self._user.uid < 0 else usable_by_others(self._binaries)
        settings = list(SETTINGS)
        if self.place.in_memory:
            # Inside the directory that is removed anyway: a killed server leaves no segment behind, and a
            # container's small /dev/shm is measured once.
            settings.append("dynamic_shared_memory_type=mmap")
        if economical:
            settings += ["wal_keep_size=0", "min_wal_size=2MB"]
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py"))]
        command += [str(number) for number in (os.getpid(), self._user.uid, self._user.gid)]
        command += [str(self.place.home), str(self.place.sockets), str(binaries.folder)]
        command += [str(data or ""), *settings]
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
        said = self._heard(_START_TIMEOUT)
        if said != "ready":
            log = self._log()
            self.stop()
            reason = said or f"it was not ready after {_START_TIMEOUT:.0f} seconds"
            raise ProvisioningError(f"{self._binaries.source} did not start: {reason}{log}")

    def ended(self, *, within: float = 0.0) -> str:
        """Return how the server ended by itself, or an empty text while it runs.

        Args:
            within: seconds to wait for the news, when something suggests that it has ended.
        """
        if not self._ended and self._process is not None and self._owner == os.getpid():
            said = self._heard(within)
            if said:
                self._ended = f"the PostgreSQL server ended unexpectedly ({said}){self._log()}"
        return self._ended

    def freeze(self, target: Path) -> None:
        """End the server in good order and copy its data directory to `target`; `stop` is still to be called.

        Raises:
            ProvisioningError: it did not end as it should.
            OSError: the copy failed.
        """
        data = self.place.home / "data"
        pid = int((data / "postmaster.pid").read_text().split()[0])
        # Not what the supervisor does: it is in a hurry, and leaves files that need recovery.
        os.kill(pid, signal.SIGINT)
        said = self._heard(_START_TIMEOUT)
        if said != "ended 0":
            raise ProvisioningError(f"{self._binaries.source} did not shut down: {said}{self._log()}")
        shutil.copytree(data, target, symlinks=True)

    def stop(self) -> None:
        """End the server and remove its files; a forked child of the test process ends nothing."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        stdin, stdout = _pipes(process)
        stdin.close()
        # Not Popen.wait(timeout), which reads clocks and sleeps in ways that tests patch.
        deadline = CLOCK.counter() + _STOP_TIMEOUT
        while (left := deadline - CLOCK.counter()) > 0:
            if not select.select([stdout], [], [], left)[0] or not os.read(stdout.fileno(), 4096):
                break
        else:
            process.kill()
        stdout.close()
        process.wait()

    def _heard(self, timeout: float) -> str:
        """Return what the supervisor says within `timeout` seconds, or nothing."""
        assert self._process is not None
        _, stdout = _pipes(self._process)
        if not select.select([stdout], [], [], timeout)[0]:
            return ""
        return os.read(stdout.fileno(), 65536).decode(errors="replace").strip() or "its supervisor is gone"

    def _log(self) -> str:
        try:
            lines = (self.place.home / "log").read_text(errors="replace").splitlines()[-_LOG_LINES:]
        except OSError:
            return ""
        return "".join(f"\n    {line}" for line in ("its log ends with:", *lines)) if lines else ""


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
