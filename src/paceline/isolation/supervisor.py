"""Keep a private database server alive exactly as long as the process that asked for it.

Run as a file by a bare interpreter (`python -I -S`), so until the server is up it imports next to nothing of
Paceline and little of the standard library. The end of standard input means that the owner is gone; a line
on it is a command, its parts separated by NUL, that serves again after the server has ended. On standard
output it says `ready`, and `ended N` when the server ends by itself; all else is a complaint.

Arguments: owner's pid, uid and gid for the server (-1: our own), home, socket directory, data directory to
begin with a copy of (empty: initialise), the server's socket, the signal that ends it at once, prefixes of
environment variables that would mislead it, what shows that it's ready (file, line, word; none: its socket
answers); then, each after `--`, the command that serves and the commands that initialise, tried in turn.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback

try:
    import ctypes

    _libc: ctypes.CDLL | None = ctypes.CDLL(None)
except (ImportError, OSError):  # Python without libffi
    _libc = None

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: Tells a later sweep what to end: pid, signal and socket.
ABOUT = "server"


class Program:
    """How the server is run: see the arguments above."""

    def __init__(self, about: list[str], commands: list[list[str]]) -> None:
        """Read the arguments."""
        self.socket, self.stop, self.hidden = about[0], int(about[1]), tuple(about[2].split(","))
        self.ready = about[3:]
        self.serve, *self.initialise = commands


class OwnerGone(Exception):  # noqa: N818 - not an error
    """The process that asked for the server has ended or let go of it."""


class Watch:
    """Waits for a child, and stops waiting when the owner is gone."""

    def __init__(self, owner: int) -> None:
        """Watch for the process `owner`, whose pipe is our standard input."""
        self._owner = owner
        self._told_to_stop = False
        self._told = b""
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, _: object) -> None:
        # Of a child's end it is enough that the wake-up descriptor knows.
        self._told_to_stop |= number != signal.SIGCHLD

    def pause(self, seconds: float) -> None:
        """Wait up to `seconds`, less when a child ends.

        Raises:
            OwnerGone: there is nobody left to work for.
        """
        readable, _, _ = select.select([0, self._wake], [], [], seconds)
        if self._wake in readable:
            os.read(self._wake, 512)
        if 0 in readable:
            if not (told := os.read(0, 65536)):
                raise OwnerGone
            self._told += told
        # A forked child of the owner may hold the pipe open after the owner has died.
        if self._told_to_stop or os.getppid() != self._owner:
            raise OwnerGone

    def command(self) -> list[str]:
        """Return the command that the owner has sent meanwhile, if it has."""
        line, end, rest = self._told.partition(b"\n")
        if not end:
            return []
        self._told = rest
        return os.fsdecode(line).split("\0")

    def status(self, child: int) -> int | None:
        """Return the exit status of `child`, or None while it runs. Negative: ended by that signal."""
        pid, status = os.waitpid(child, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


def ask_kernel(option: int, value: int) -> None:
    """Call Linux's prctl, if there is one."""
    if _libc is not None and sys.platform == "linux":
        _libc.prctl(option, value)


def spawn(program: Program, command: list[str], uid: int, gid: int, log: str) -> int:
    """Start `command` as `uid`; the kernel ends it if this process is killed. Return its pid."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(program.hidden)}
    # With TZ set, initdb needn't compare the machine's clock with every time zone it knows.
    environ |= {"LC_ALL": "C", "TZ": "UTC"}
    parent = os.getpid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    child = os.fork()
    if child:
        os.close(output)
        return child
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        if uid >= 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        # After the change of uid, which would clear it.
        ask_kernel(_PR_SET_PDEATHSIG, program.stop)
        if os.getppid() == parent:
            os.execve(command[0], command, environ)  # noqa: S606 - no shell is meant
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def say(text: str) -> None:
    """Tell the owner."""
    os.write(1, f"{text}\n".encode())


def claim(folder: str, uid: int, gid: int) -> int:
    """Create `folder` for the server alone; while the returned descriptor is open nobody sweeps it away."""
    os.mkdir(folder, 0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if uid >= 0:
        os.chown(folder, uid, gid)
    return descriptor


def initialise(watch: Watch, program: Program, home: str, uid: int, gid: int) -> int:
    """Make a data directory. Return the exit status of the last command, 0 when it worked."""
    status = 1
    for command in program.initialise:
        child = spawn(program, command, uid, gid, f"{home}/log")
        try:
            while (ended := watch.status(child)) is None:
                watch.pause(0.2)
        except OwnerGone:
            os.kill(child, signal.SIGKILL)
            raise
        if (status := ended) == 0:
            break
    return status


def lines_of(path: str) -> list[str]:
    """Return the lines of a small file; none if it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def is_ready(program: Program) -> bool:
    """Tell whether the server accepts connections."""
    if program.ready:
        path, number, word = program.ready
        lines = lines_of(path)
        return len(lines) > int(number) and lines[int(number)].strip() == word
    return answers(program.socket)


def answers(path: str) -> bool:
    """Tell whether something listens at the socket `path`."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
    except OSError:
        return False
    return True


def serve(watch: Watch, program: Program, home: str, sockets: str, uid: int, gid: int) -> None:
    """Run the server until the owner is gone, which is always the end (`OwnerGone`)."""
    command = program.serve
    while True:
        run_once(watch, program, command, home, sockets, uid, gid)
        # The owner reads the log, or copies the data, before it lets go.
        while not (command := watch.command()):
            watch.pause(0.2)


def run_once(
    watch: Watch, program: Program, command: list[str], home: str, sockets: str, uid: int, gid: int
) -> None:
    """Run the server by `command` until it ends, and say so."""
    child = spawn(program, command, uid, gid, f"{home}/log")
    with open(f"{home}/{ABOUT}", "w", encoding="utf-8") as file:
        file.write(f"{child}\n{program.stop}\n{program.socket}\n")
    ready = False
    try:
        while (status := watch.status(child)) is None:
            if ready:
                watch.pause(0.2)
            elif is_ready(program):
                ready = True
                say("ready")
                # Now that nobody waits for us any more.
                from paceline.isolation.sweeping import sweep

                sweep(home, sockets, uid)
            else:
                watch.pause(0.003)
        child = 0
        say(f"ended {status}")
    finally:
        if child:
            stop(child, program.stop)


def stop(child: int, number: int) -> None:
    """End the server without more ado: nobody will read its files again."""
    os.kill(child, number)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.003)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def end_orphans() -> None:
    """Kill what a server that was killed has left behind; the kernel gives it to us as a subreaper."""
    for line in lines_of(f"/proc/self/task/{os.getpid()}/children"):
        for child in map(int, line.split()):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def main(arguments: list[str]) -> None:
    """Do what the arguments say, and leave nothing behind."""
    owner, uid, gid = (int(argument) for argument in arguments[:3])
    home, sockets, data = arguments[3:6]
    about, *commands = (part.split("\0") for part in "\0".join(arguments[6:]).split("\0--\0"))
    program = Program(about, commands)
    watch = Watch(owner)
    ask_kernel(_PR_SET_CHILD_SUBREAPER, 1)
    claimed: list[str] = []
    try:
        watch.pause(0)
        for folder in dict.fromkeys((home, sockets)):
            claim(folder, uid, gid)
            claimed.append(folder)
        if data:
            from paceline.isolation.archive import unpack

            unpack(data, f"{home}/data", uid, gid)
        elif status := initialise(watch, program, home, uid, gid):
            say(f"ended {status}")
            while True:
                watch.pause(0.2)
        serve(watch, program, home, sockets, uid, gid)
    except OwnerGone:
        pass
    finally:
        end_orphans()
        for folder in claimed:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    # Behind the standard library, which it must not hide: the folder that holds Paceline.
    sys.path.append(os.path.abspath(f"{__file__}/../../.."))
    try:
        main(sys.argv[1:])
    except Exception:  # noqa: BLE001 - the owner shows it
        traceback.print_exc(file=sys.stdout)
        sys.exit(1)
