"""One session of the server for several drivers: each connects here, as to a server, and gets its line.

Speaks PostgreSQL's documented protocol, version 3. The first driver's login goes through to the server as it
is; those that follow are let in by what the server told the first. Messages pass unchanged, but for the names
of prepared statements, which are each driver's own. Whoever calls makes sure that only one speaks at a time.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from paceline.errors import SharedTransactionError

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_PORT = 5432
_CANCEL, _TLS, _GSS = 80877102, 80877103, 80877104
#: What a login says that isn't a setting of the session.
_NO_SETTINGS = frozenset({"user", "database", "client_encoding", "replication", "options"})
_OPTION = re.compile(r"(?:-c\s*|--)([\w.]+)=((?:\\.|[^\s\\])*)")
_DEALLOCATE = re.compile(rb'\s*DEALLOCATE\s+(?:PREPARE\s+)?"?(\w+)"?\s*;?\s*\0', re.IGNORECASE)
_CONTROL = re.compile(rb"\s*(BEGIN|COMMIT|ROLLBACK)\b[^;]*;?\0", re.IGNORECASE)
_NOTHING = b"PREPARE paceline_nothing AS SELECT 1; DEALLOCATE paceline_nothing"


class Junction:
    """Where the drivers connect, and the session that they share.

    Attributes:
        folder: the directory of its Unix socket, the `host` of every driver; nobody else may enter it.
        port: the number in the socket's name.
        joined: how many have been let in so far.
        settings: statements that repeat what the drivers' logins have set.
        is_guarded: what drivers say about transactions stays here: a connection is being set up while the
            session is in one.
    """

    port = _PORT

    def __init__(self, address: tuple[str, int]) -> None:
        """Listen; the server at `address` is called when the first driver comes.

        Raises:
            SharedTransactionError: this system has no Unix sockets.
        """
        if not hasattr(socket, "AF_UNIX"):
            raise SharedTransactionError(
                "the bridge between drivers needs Unix sockets", hint="Use one driver in each test."
            )
        self._address = address
        self.joined = 0
        self.settings: list[str] = []
        self.is_guarded = False
        self._server: _Server | None = None
        # Short: the path of a socket has about 100 bytes. Made with mode 0700.
        self.folder = tempfile.mkdtemp(prefix="paceline-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="paceline-junction", daemon=True)
        self._thread.start()
        self._listener = self._on_loop(self._listen())

    def renewed(self) -> Junction:
        """Hang up on everybody, and return another one in the same place."""
        self.close()
        return Junction(self._address)

    def close(self) -> None:
        """Hang up on everybody."""
        if self._thread.is_alive():
            self._on_loop(self._hang_up())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def dial(self, protocol: asyncio.Protocol) -> None:
        """Call the server for `protocol`.

        Raises:
            OSError: it doesn't answer.
        """
        host, port = self._address
        if host.startswith("/"):
            await self._loop.create_unix_connection(lambda: protocol, f"{host}/.s.PGSQL.{port}")
        else:
            await self._loop.create_connection(lambda: protocol, host, port)

    async def enter(self, driver: _Driver, login: bytes) -> None:
        """Let `driver` in: by the server itself, or as one more of its session."""
        if self._server is None:
            self._server = server = _Server(self, driver)
            try:
                await self.dial(server)
            except OSError as error:
                self._server = None
                driver.send(b"E", f"SFATAL\0VFATAL\0C08001\0M{error}\0\0".encode())
                driver.leave()
                return
            server.forward(login)
            return
        await self._server.welcome(driver, _settings(login))

    def lost(self) -> None:
        """The server has gone."""
        self._server = None

    async def _listen(self) -> asyncio.Server:
        path = str(Path(self.folder, f".s.PGSQL.{_PORT}"))
        return await self._loop.create_unix_server(lambda: _Driver(self), path)

    async def _hang_up(self) -> None:
        self._listener.close()
        if self._server is not None:
            self._server.hang_up()
        # What is being sent leaves before the loop ends.
        await asyncio.sleep(0)

    def _on_loop(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Peer(asyncio.Protocol):
    """One end of a connection: cuts what arrives into messages."""

    def __init__(self) -> None:
        self._buffer: bytearray = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def forward(self, data: bytes | bytearray) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def send(self, kind: bytes, body: bytes) -> None:
        self.forward(kind + (len(body) + 4).to_bytes(4, "big") + body)

    def leave(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def messages(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Return the messages that are complete with `data`: kind and body."""
        buffer = self._buffer
        buffer += data
        found: list[tuple[bytes, bytes]] = []
        at = 0
        while len(buffer) - at >= 5:
            end = at + 1 + int.from_bytes(buffer[at + 1 : at + 5], "big")
            if end > len(buffer):
                break
            found.append((bytes(buffer[at : at + 1]), bytes(buffer[at + 5 : end])))
            at = end
        del buffer[:at]
        return found


class _Server(_Peer):
    """The one connection to the server."""

    def __init__(self, junction: Junction, first: _Driver) -> None:
        super().__init__()
        self._junction = junction
        self._speaker: _Driver | None = first
        self._drivers: list[_Driver] = [first]
        first.server = self
        self._parameters: dict[bytes, bytes] = {}
        self._key = b""
        self._is_ready = False
        self._answered: asyncio.Event | None = None
        #: Of so many statements the driver hasn't asked for the result.
        self.unasked = 0

    async def welcome(self, driver: _Driver, settings: list[str]) -> None:
        """Say to `driver` what the server would, with the `settings` of its login in force."""
        self._speaker = None
        for statement in settings:
            self._answered = asyncio.Event()
            self.send(b"Q", statement.encode() + b"\0")
            await self._answered.wait()
        self._answered = None
        self._junction.settings += settings
        self._drivers.append(driver)
        driver.server = self
        driver.send(b"R", bytes(4))
        for name, value in self._parameters.items():
            driver.send(b"S", name + b"\0" + value + b"\0")
        driver.send(b"K", self._key)
        # In no transaction, as far as it knows: drivers refuse to set up a connection that is.
        driver.send(b"Z", b"I")
        self._junction.joined += 1

    def say(self, driver: _Driver, data: bytes | bytearray) -> None:
        """Pass on what `driver` says; what the server says is meant for the last who spoke."""
        self._speaker = driver
        self.forward(data)

    def bid_farewell(self, driver: _Driver) -> None:
        """Note that `driver` has left; the last one takes the session along."""
        if driver in self._drivers:
            self._drivers.remove(driver)
        if not self._drivers:
            self.send(b"X", b"")
            self.leave()
            self._junction.lost()

    def hang_up(self) -> None:
        self.leave()
        for driver in list(self._drivers):
            driver.leave()

    def data_received(self, data: bytes) -> None:
        out = bytearray()
        for kind, body in self.messages(data):
            if kind == b"S":
                self._note(body)
            elif kind == b"K":
                self._key = body
            elif kind == b"C" and self.unasked:
                self.unasked -= 1
                continue
            elif kind == b"Z":
                self._junction.joined += not self._is_ready
                self._is_ready = True
                self.unasked = 0
                if self._answered is not None:
                    self._answered.set()
                    continue
            if self._answered is None:
                out += kind + (len(body) + 4).to_bytes(4, "big") + body
        if out and self._speaker is not None:
            self._speaker.forward(out)

    def connection_lost(self, exc: Exception | None) -> None:
        self._junction.lost()
        self.hang_up()

    def _note(self, parameter: bytes) -> None:
        """Remember a setting that drivers watch, and tell those that haven't asked for it."""
        name, _, value = parameter.rstrip(b"\0").partition(b"\0")
        self._parameters[name] = value
        for driver in self._drivers:
            if driver is not self._speaker:
                driver.send(b"S", parameter)


class _Driver(_Peer):
    """A driver that takes us for its server."""

    def __init__(self, junction: Junction) -> None:
        super().__init__()
        self._junction = junction
        self.server: _Server | None = None
        self._prefix = b"p" + secrets.token_hex(4).encode() + b"_"
        self._names: dict[bytes, None] = {}
        self._logged_in = False
        self._tasks: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        if not self._logged_in:
            self._buffer += data
            self._log_in()
            return
        if self.server is None:
            return
        out = bytearray()
        for kind, body in self.messages(data):
            if kind == b"X":
                self.leave()
                break
            changed = self._renamed(kind, body)
            out += kind + (len(changed) + 4).to_bytes(4, "big") + changed
        if out:
            self.server.say(self, out)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.server is not None:
            self.server.bid_farewell(self)

    def _log_in(self) -> None:
        buffer = self._buffer
        while len(buffer) >= 8:
            size = int.from_bytes(buffer[:4], "big")
            if len(buffer) < size:
                return
            packet = bytes(buffer[:size])
            del buffer[:size]
            code = int.from_bytes(packet[4:8], "big")
            if code in {_TLS, _GSS}:
                self.forward(b"N")
                continue
            if code == _CANCEL:
                self._do(self._junction.dial(_Cancel(packet, self)))
                return
            self._logged_in = True
            self._do(self._junction.enter(self, packet))
            return

    def _do(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _renamed(self, kind: bytes, body: bytes) -> bytes:
        """Return a message with the names of prepared statements made the driver's own."""
        if kind == b"P" and body[0]:
            self._names[body.partition(b"\0")[0]] = None
            return self._prefix + body
        if kind == b"B":
            portal, _, rest = body.partition(b"\0")
            return portal + b"\0" + self._prefix + rest if rest[0] else body
        if kind in {b"D", b"C"} and body[:1] == b"S" and body[1]:
            if kind == b"C":
                self._names.pop(body[1:-1], None)
            return b"S" + self._prefix + body[1:]
        if kind == b"Q":
            if match := _DEALLOCATE.fullmatch(body):
                return self._deallocated(match[1])
            if self._junction.is_guarded and _CONTROL.fullmatch(body):
                return self._asked([_NOTHING])
        return body

    def _deallocated(self, name: bytes) -> bytes:
        """Return what forgets the statement `name` of this driver, or ALL of its own."""
        if name.upper() == b"ALL":
            statements = [_NOTHING, *(self._forgotten(each) for each in self._names)]
            self._names = {}
        else:
            statements = [self._forgotten(name)]
            self._names.pop(name, None)
        return self._asked(statements)

    def _asked(self, statements: list[bytes]) -> bytes:
        """Return one query of all `statements`, for which the driver expects one answer."""
        assert self.server is not None
        self.server.unasked = len(statements) - 1 + (_NOTHING in statements)
        return b"; ".join(statements) + b"\0"

    def _forgotten(self, name: bytes) -> bytes:
        return b'DEALLOCATE "' + self._prefix + name + b'"'


class _Cancel(_Peer):
    """Takes a request to cancel to the server, and tells the driver when that has taken note."""

    def __init__(self, packet: bytes, driver: _Driver) -> None:
        super().__init__()
        self._packet = packet
        self._driver = driver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.forward(self._packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._driver.leave()


def _settings(login: bytes) -> list[str]:
    """Return the statements that set what a login sets."""
    words = [word.decode(errors="replace") for word in login[8:].split(b"\0")]
    given = dict(zip(words[::2], words[1::2], strict=False))
    found = {name: value for name, value in given.items() if name and name not in _NO_SETTINGS}
    found = {name: value for name, value in found.items() if not name.startswith("_pq_.")}
    for name, value in _OPTION.findall(given.get("options", "")):
        found[name] = re.sub(r"\\(.)", r"\1", value)
    return [f"SELECT set_config({_quoted(name)}, {_quoted(value)}, false)" for name, value in found.items()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
