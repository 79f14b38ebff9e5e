"""The connections that meet in a junction: one to the server, and one of each driver."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

_CANCEL, _TLS, _GSS = 80877102, 80877103, 80877104
_DEALLOCATE = re.compile(rb'\s*DEALLOCATE\s+(?:PREPARE\s+)?"?(\w+)"?\s*;?\s*\0', re.IGNORECASE)
_CONTROL = re.compile(rb"\s*(BEGIN|COMMIT|ROLLBACK)\b[^;]*;?\0", re.IGNORECASE)
_NOTHING = b"PREPARE paceline_nothing AS SELECT 1; DEALLOCATE paceline_nothing"


class Exchange(Protocol):
    """What they need of the junction."""

    joined: int
    settings: list[str]
    is_guarded: bool

    async def dial(self, protocol: asyncio.Protocol) -> None:
        """Call the server."""
        ...

    async def enter(self, driver: DriverLine, login: bytes) -> None:
        """Let a driver in."""
        ...

    def lost(self) -> None:
        """Take note that the server has gone."""
        ...


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


class ServerLine(_Peer):
    """The one connection to the server."""

    def __init__(self, junction: Exchange, first: DriverLine) -> None:
        """Begin a session that the login of the driver `first` will open."""
        super().__init__()
        self._junction = junction
        self._speaker: DriverLine | None = first
        self._drivers: list[DriverLine] = [first]
        first.server = self
        self._parameters: dict[bytes, bytes] = {}
        self._key = b""
        self._is_ready = False
        self._answered: asyncio.Event | None = None
        #: Of so many statements the driver hasn't asked for the result.
        self.unasked = 0

    async def welcome(self, driver: DriverLine, settings: list[str]) -> None:
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

    def say(self, driver: DriverLine, data: bytes | bytearray) -> None:
        """Pass on what `driver` says; what the server says is meant for the last who spoke."""
        self._speaker = driver
        self.forward(data)

    def bid_farewell(self, driver: DriverLine) -> None:
        """Note that `driver` has left; the last one takes the session along."""
        if driver in self._drivers:
            self._drivers.remove(driver)
        if not self._drivers:
            self.send(b"X", b"")
            self.leave()
            self._junction.lost()

    def hang_up(self) -> None:
        """End the connection, and those of all drivers."""
        self.leave()
        for driver in list(self._drivers):
            driver.leave()

    def data_received(self, data: bytes) -> None:
        """Pass on what the server says."""
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
        """Without a server there is nothing for the drivers."""
        self._junction.lost()
        self.hang_up()

    def _note(self, parameter: bytes) -> None:
        """Remember a setting that drivers watch, and tell those that haven't asked for it."""
        name, _, value = parameter.rstrip(b"\0").partition(b"\0")
        self._parameters[name] = value
        for driver in self._drivers:
            if driver is not self._speaker:
                driver.send(b"S", parameter)


class DriverLine(_Peer):
    """A driver that takes us for its server."""

    def __init__(self, junction: Exchange) -> None:
        """Wait for the driver's login."""
        super().__init__()
        self._junction = junction
        self.server: ServerLine | None = None
        self._prefix = b"p" + secrets.token_hex(4).encode() + b"_"
        self._names: dict[bytes, None] = {}
        self._logged_in = False
        self._tasks: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        """Pass on what the driver says, with its own names for prepared statements."""
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
        """Tell the server's end that the driver has left."""
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

    def __init__(self, packet: bytes, driver: DriverLine) -> None:
        super().__init__()
        self._packet = packet
        self._driver = driver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.forward(self._packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._driver.leave()
