"""Start and stop a server of our own: private directory, Unix socket only, gone when the tests are."""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, Protocol, cast

from paceline.clock import CLOCK
from paceline.errors import ProvisioningError
from paceline.isolation.archive import pack

_PREFIX = "paceline-"
#: Bytes of a socket's path that every Unix accepts, without the final zero (macOS: 103).
_LONGEST_SOCKET = 103
#: A new cluster takes 40 MB and grows with the tests' data (bytes).
_ROOM = 300 * 1024 * 1024
_START_TIMEOUT = 120.0
_STOP_TIMEOUT = 15.0
_LOG_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user that a server runs as; -1 stands for the current one."""

    uid: int = -1
    gid: int = -1


def identity(*names: str) -> Identity | str:
    """Return who may run a server here, or why nobody can: servers refuse root and unknown users.

    Args:
        names: users that may run it instead of root, the best first.
    """
    if os.name != "posix":
        return "needs Unix sockets"
    import pwd

    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return f"uid {os.geteuid()} has no entry in the password database, which the server refuses"
        return Identity()
    for name in (*names, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(uid=entry.pw_uid, gid=entry.pw_gid)
    users = " or ".join(map(repr, (*names, "nobody")))
    return f"the server refuses to run as root, and there is no user {users} to run it as"


class Program(Protocol):
    """How the server of one product is run.

    Attributes:
        title: how people write it.
        socket: name of its socket.
        stop: the signal that ends it at once.
        shut_down: the signal that ends it in good order.
        hidden: prefixes of environment variables that would mislead it.
    """

    title: ClassVar[str]
    socket: ClassVar[str]
    stop: ClassVar[int]
    shut_down: ClassVar[int]
    hidden: ClassVar[tuple[str, ...]]

    @property
    def source(self) -> str:
        """Where it comes from, in human words."""
        ...

    @property
    def made_by(self) -> tuple[object, ...]:
        """What tells a data directory of it from those of others."""
        ...

    def usable_by_others(self) -> Program:
        """Return it where any user can run it.

        Raises:
            ProvisioningError: there is no such place.
        """
        ...

    def ready(self, place: Place) -> tuple[str, ...]:
        """Return the file, the line and the word that show that it's ready; none: its socket answers."""
        ...

    def serve(self, place: Place, *, economical: bool) -> list[str]:
        """Return the command that serves."""
        ...

    def initialise(self, place: Place) -> list[list[str]]:
        """Return commands that make a data directory, to be tried in turn."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a cluster lives. Nothing exists there before the server is started."""

    home: Path
    sockets: Path
    in_memory: bool

    @classmethod
    # S108: the folders below are made by the supervisor with a random name and mode 0700, or not at all.
    def choose(
        cls,
        socket: str = "server.sock",
        *,
        memory: Path = Path("/dev/shm"),  # noqa: S108 - as above
        room: int = _ROOM,
    ) -> Place:
        """Choose an unpredictable name, in memory where there are `room` bytes.

        Args:
            socket: the longest name of a file that the server puts where its socket is.
            memory: folder in memory.
            room: bytes.
        """
        name = _PREFIX + secrets.token_hex(6)
        in_memory = _has_room(memory, room)
        # Root's TMPDIR may be closed to the user that runs the server.
        roots = (Path(tempfile.gettempdir()), Path("/var/tmp"))  # noqa: S108
        root = memory if in_memory else next(filter(_enterable, roots), Path("/tmp"))  # noqa: S108
        home = root / name
        longest = len(os.fsencode(home / socket))
        sockets = home if longest <= _LONGEST_SOCKET else Path("/tmp") / name  # noqa: S108
        return cls(home=home, sockets=sockets, in_memory=in_memory)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"


def _has_room(folder: Path, room: int) -> bool:
    try:
        about = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and about.f_bavail * about.f_frsize >= room


def _enterable(folder: Path) -> bool:
    return os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


class PrivateServer:
    """A server that ends with this process, however this process ends."""

    def __init__(self, program: Program, place: Place, user: Identity) -> None:
        """Run `program` as `user` in `place`, from `start` on."""
        self.place = place
        self._program = program
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._ended = ""

    def start(self, data: Path | None = None, *, economical: bool = False) -> None:
        """Create the cluster and wait until it accepts connections.

        Args:
            data: data directory to begin with, from `freeze`; None: an empty cluster.
            economical: keep little of the log, because the cluster is about to be frozen.

        Raises:
            ProvisioningError: it did not come up; the message holds the end of its log.
        """
        program = self._program if self._user.uid < 0 else self._program.usable_by_others()
        place = self.place
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py"))]
        command += [str(number) for number in (os.getpid(), self._user.uid, self._user.gid)]
        command += [str(place.home), str(place.sockets), str(data or "")]
        command += [str(place.sockets / program.socket), str(program.stop), ",".join(program.hidden)]
        command += program.ready(place)
        for part in (program.serve(place, economical=economical), *program.initialise(place)):
            command += ["--", *part]
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
        self._wait_until_ready()

    def resume(self) -> None:
        """Start it again where `freeze` has ended it.

        Raises:
            ProvisioningError: it did not come up; the message holds the end of its log.
        """
        assert self._process is not None
        stdin, _ = _pipes(self._process)
        program = self._program if self._user.uid < 0 else self._program.usable_by_others()
        stdin.write(os.fsencode("\0".join(program.serve(self.place, economical=False)) + "\n"))
        stdin.flush()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        said = self._heard(_START_TIMEOUT)
        if said != "ready":
            log = self._log()
            self.stop()
            reason = said or f"it was not ready after {_START_TIMEOUT:.0f} seconds"
            raise ProvisioningError(f"{self._program.source} did not start: {reason}{log}")

    def ended(self, *, within: float = 0.0) -> str:
        """Return how the server ended by itself, or an empty text while it runs.

        Args:
            within: seconds to wait for the news, when something suggests that it has ended.
        """
        if not self._ended and self._process is not None and self._owner == os.getpid():
            said = self._heard(within)
            if said:
                self._ended = f"the {self._program.title} server ended unexpectedly ({said}){self._log()}"
        return self._ended

    def freeze(self, target: Path) -> None:
        """End the server in good order and pack its data directory into `target`; `resume` or `stop` then.

        Raises:
            ProvisioningError: it did not end as it should.
            OSError: the copy failed.
        """
        pid = int((self.place.home / "server").read_text().split()[0])
        # Not what the supervisor does: it is in a hurry, and leaves files that need recovery.
        os.kill(pid, self._program.shut_down)
        said = self._heard(_START_TIMEOUT)
        if said != "ended 0":
            raise ProvisioningError(f"{self._program.source} did not shut down: {said}{self._log()}")
        pack(str(self.place.data), str(target))

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
