"""Connections to a PostgreSQL server, whose errors are explained."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from paceline.errors import MissingDependencyError, ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias

    import psycopg

    from paceline.isolation.urls import DatabaseUrl

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

_CONNECT_TIMEOUT = 10


def require_driver() -> None:
    """Make sure that this module can work at all.

    Raises:
        MissingDependencyError: psycopg is not installed.
    """
    try:
        import_module("psycopg")
    except ImportError as error:
        raise MissingDependencyError(
            "PostgreSQL needs the library psycopg", hint="Install pytest-paceline[postgres]."
        ) from error


def connect(url: DatabaseUrl) -> Connection:
    """Return an autocommit connection that the caller closes.

    Raises:
        ProvisioningError: the server refuses.
    """
    import psycopg

    with explained(url):
        return psycopg.connect(url.text("postgresql"), autocommit=True, connect_timeout=_CONNECT_TIMEOUT)


@contextmanager
def connected(url: DatabaseUrl) -> Generator[Connection, None, None]:
    """Yield an autocommit connection.

    Raises:
        ProvisioningError: the server refuses, or an SQL statement fails.
    """
    with connect(url) as connection, explained(url):
        yield connection


@contextmanager
def explained(url: DatabaseUrl) -> Generator[None, None, None]:
    """Turn the errors of the driver into ProvisioningError."""
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ProvisioningError(
            f"{url}: {url.masked(str(error)).strip()}",
            hint="Give the user the right to create databases (ALTER ROLE ... CREATEDB).",
        ) from error
    except psycopg.Error as error:
        # The chained exception of a failed connection can hold the password of the URL.
        raise ProvisioningError(f"{url}: {url.masked(str(error)).strip()}") from None
