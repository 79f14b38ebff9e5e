"""One session of the server for several drivers: each connects here, as to a server, and gets its line.

Speaks PostgreSQL's documented protocol, version 3. The first driver's login goes through to the server as it
is; those that follow are let in by what the server told the first. Messages pass unchanged, but for the names
of prepared statements, which are each driver's own. Whoever calls makes sure that only one speaks at a time.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.lines import DriverLine, ServerLine

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_PORT = 5432
#: What a login says that isn't a setting of the session.
_NO_SETTINGS = frozenset({"user", "database", "client_encoding", "replication", "options"})
_OPTION = re.compile(r"(?:-c\s*|--)([\w.]+)=((?:\\.|[^\s\\])*)")


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
        self._server: ServerLine | None = None
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

    async def enter(self, driver: DriverLine, login: bytes) -> None:
        """Let `driver` in: by the server itself, or as one more of its session."""
        if self._server is None:
            self._server = server = ServerLine(self, driver)
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
        return await self._loop.create_unix_server(lambda: DriverLine(self), path)

    async def _hang_up(self) -> None:
        self._listener.close()
        if self._server is not None:
            self._server.hang_up()
        # What is being sent leaves before the loop ends.
        await asyncio.sleep(0)

    def _on_loop(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


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
