"""Carry out the plan: start or borrow a server, give this process a database of its own, take it away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from paceline.errors import NotProvisionedError, ProvisioningError
from paceline.isolation import databases
from paceline.isolation.provision import Attempt, Own, Plan, SharedServer, decide
from paceline.isolation.template import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paceline.config import DatabaseConfig
    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing
    from paceline.isolation.product import Product, Search
    from paceline.isolation.urls import DatabaseUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database that this process's tests have for themselves.

    Attributes:
        product: what kind of database it is, such as "postgresql".
        url: SQLAlchemy URL (such as `postgresql+psycopg://`), with the password if there is one.
        name: name of the database.
        source: where it comes from, in human words.
        server_version: such as "18.6".
        extensions: installed extensions, name and version.
    """

    product: str
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
        requires: tuple[str, ...],
        worker: str,
        root: Path,
    ) -> None:
        """Touch nothing yet.

        Args:
            settings: `[tool.paceline.database]`.
            option: value of `--paceline-database-url`.
            environ: the environment before anything was exported.
            requires: what the enabled suites require, those of the first one first.
            worker: name of the xdist worker, or an empty text.
            root: directory of the project.
        """
        self._settings = settings
        self._option = option
        self._environ = dict(environ)
        self._requires = requires
        self._root = root
        self._worker = worker
        self._opened: Database | None = None

    @cached_property
    def _plan(self) -> Plan:
        machine = _ThisMachine(self._settings, self._environ)
        return decide(self._settings, self._option, self._environ, machine, self._requires)

    @cached_property
    def _recipe(self) -> Recipe:
        extensions = databases.extensions(self._requires, self.product)
        return Recipe(settings=self._settings, product=self.product, extensions=extensions, root=self._root)

    @cached_property
    def _backing(self) -> Backing:
        plan = self._plan
        match plan.chosen:
            case None:
                raise plan.refusal()
            case SharedServer() as server:
                return plan.product.borrowed(server, self._worker, copy=not self._recipe.steps)
            case Own() as found:
                own = plan.product.own(found)
                if isinstance(own, str):
                    raise plan.refusal(Attempt(what=found.source, why_not=own))
                return own

    @property
    def product(self) -> Product:
        """What kind of database it is or will be.

        Raises:
            PacelineError: the URL or the configuration is unsafe or wrong.
        """
        return self._plan.product

    @cached_property
    def audit(self) -> Audit:
        """What finds out whether a test changed the database for good."""
        return self.product.audit(self)

    def demand(self, requirement: str) -> None:
        """Make sure that the database, which is open, is what `requirement` names.

        Raises:
            NotProvisionedError: it is of another kind, or lacks the extension.
        """
        wanted = databases.requirement(requirement)
        product = databases.product(requirement)
        if product is not self.product:
            raise NotProvisionedError(
                f"not provisioned: a run has one database, and that of this one is {self.product.TITLE}, "
                f"not {product.TITLE}",
                hint=f"Test what requires {requirement} in a run of its own, and name no other database.",
            )
        if wanted.extension and wanted.extension not in dict(self.open().extensions):
            raise NotProvisionedError(
                f"not provisioned: the extension {wanted.extension!r} is not available in "
                f"{self.open().source}",
                hint=product.HINT,
            )

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
            backing, product = self._backing, self.product
            product.require_driver()
            try:
                backing.open(self._recipe)
                extensions = product.extend(backing.url, self._recipe.extensions)
            except BaseException:
                backing.close()
                raise
            self._opened = Database(
                product=databases.name_of(product),
                url=backing.url.sqlalchemy,
                name=backing.url.name,
                source=backing.source,
                server_version=product.server_version(backing.url),
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
        return replace(self._recipe, extensions=databases.extensions(requires, self.product))

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

    def __init__(self, settings: DatabaseConfig, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ

    def configured(self, product: Product, folder: str) -> Own | str:
        return product.configured(folder)

    def searches(self, product: Product) -> tuple[Search, ...]:
        return product.searches(self._settings, self._environ)

    def unreachable(self, url: DatabaseUrl) -> str:
        return url.product.unreachable(url)
