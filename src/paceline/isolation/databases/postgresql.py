"""Everything that is said to a PostgreSQL server."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.errors import MissingDependencyError, ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    import psycopg
    from psycopg.sql import Composed

    from paceline.isolation.urls import DatabaseUrl

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

#: What each requirement of a suite means on the server.
EXTENSIONS = {"pgvector": "vector"}
_CONNECT_TIMEOUT = 10
_LOCK_TIMEOUT = 120.0
_DISCONNECT_TIMEOUT = 5.0
_COPY_LOCK = 7_233_451_907  # for copying one database at a time; any number does


def unreachable(url: DatabaseUrl, timeout: float = 2.0) -> str:
    """Return why nothing listens at `url`, without a driver; empty when something does or nobody knows."""
    if url.address is None:
        return ""
    host, port = url.address
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(timeout)
                probe.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), timeout).close()
    except OSError as error:
        return f"nothing answers at {host}:{port}: {error.strerror or error}"
    return ""


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

    with _explained(url):
        return psycopg.connect(url.libpq, autocommit=True, connect_timeout=_CONNECT_TIMEOUT)


@contextmanager
def connected(url: DatabaseUrl) -> Generator[Connection, None, None]:
    """Yield an autocommit connection.

    Raises:
        ProvisioningError: the server refuses, or an SQL statement fails.
    """
    with connect(url) as connection, _explained(url):
        yield connection


@contextmanager
def _explained(url: DatabaseUrl) -> Generator[None, None, None]:
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


def create(url: DatabaseUrl, name: str, *, copy: bool = False) -> None:
    """Create the database `name`, by a connection to the one that `url` names.

    Args:
        url: an existing database of the server.
        name: the new database.
        copy: make it a copy of the one that `url` names instead of an empty one.

    Raises:
        ProvisioningError: the server refuses.
    """
    from psycopg import sql

    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if not copy:
        with connected(url) as connection:
            connection.execute(statement)
        return
    # PostgreSQL copies a database only while nobody else is connected to it: one worker at a time.
    deadline = CLOCK.counter() + _LOCK_TIMEOUT
    while CLOCK.counter() < deadline:
        with connected(url) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_COPY_LOCK]).fetchone()
            if row is not None and row[0]:
                connection.execute(statement + sql.SQL(" TEMPLATE {}").format(sql.Identifier(url.name)))
                return
        CLOCK.sleep(0.1)
    raise ProvisioningError(
        f"{url} could not be copied: others were copying it for {_LOCK_TIMEOUT:.0f} seconds"
    )


def is_used(url: DatabaseUrl, name: str) -> bool:
    """Tell whether anybody is connected to the database `name`, asked through the one that `url` names.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as connection:
        return bool(
            connection.execute("SELECT FROM pg_stat_activity WHERE datname = %s LIMIT 1", [name]).rowcount
        )


def copy(url: DatabaseUrl, source: str, name: str) -> None:
    """Create the database `name` as a copy of `source`, ending what is connected to `source`.

    Args:
        url: an existing database of the server that is neither of them.
        source: the database to copy.
        name: the new database.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as connection:
        _disconnect(connection, source)
        connection.execute(copying(connection, source, name))


def rename(url: DatabaseUrl, name: str, new: str) -> None:
    """Rename the database `name` to `new`, ending what is connected to it.

    Raises:
        ProvisioningError: the server refuses.
    """
    from psycopg import sql

    with connected(url) as connection:
        _disconnect(connection, name)
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new))
        )


def copying(connection: Connection, source: str, name: str) -> Composed:
    """Return the statement that makes the database `name` a copy of `source`."""
    from psycopg import sql

    # Copies files instead of writing each page to the log as well: twice as fast where nothing is dirty.
    strategy = sql.SQL(" STRATEGY file_copy" if connection.info.server_version >= 150000 else "")
    names = sql.Identifier(name), sql.Identifier(source)
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names) + strategy


def _disconnect(connection: Connection, name: str) -> None:
    """End what is connected to the database `name`, and wait until it's gone."""
    deadline = CLOCK.counter() + _DISCONNECT_TIMEOUT
    # A server that finds somebody connected looks again only after 100 ms.
    while CLOCK.counter() < deadline:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        if not ended.rowcount:
            return
        CLOCK.sleep(0.001)


def drop(url: DatabaseUrl, name: str) -> None:
    """Drop the database `name` and end what is still connected to it.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as connection:
        connection.execute(dropping(connection, name))


def dropping(connection: Connection, name: str) -> Composed:
    """Return the statement that drops the database `name` and ends what is still connected to it."""
    from psycopg import sql

    force = sql.SQL(" WITH (FORCE)" if connection.info.server_version >= 130000 else "")
    return sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)) + force


def drop_unused(url: DatabaseUrl, pattern: str, chosen: Callable[[str], bool]) -> None:
    """Drop databases of the current user to which nobody is connected; one that is in use after all stays.

    Args:
        url: an existing database of the server.
        pattern: SQL pattern of their names.
        chosen: further condition on a name.

    Raises:
        ProvisioningError: the server refuses to list them.
    """
    from psycopg import Error, sql

    with connected(url) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s"
            " AND datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            " AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = pg_database.oid)",
            [pattern],
        ).fetchall()
        for name in filter(chosen, (str(row[0]) for row in rows)):
            with suppress(Error):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def run(url: DatabaseUrl, script: str) -> None:
    """Run the statements of `script`, all or none of them.

    Raises:
        ProvisioningError: one fails.
    """
    # Newer pg_dump frames its output with commands for psql.
    lines = (line for line in script.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))
    with connected(url) as connection:
        connection.execute("\n".join(lines).encode())


def has_tables(url: DatabaseUrl) -> bool:
    """Tell whether the database has any table of a user.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as connection:
        return bool(connection.execute("SELECT FROM pg_stat_user_tables LIMIT 1").rowcount)


def server_version(url: DatabaseUrl) -> str:
    """Return the version, such as "18.6".

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as connection:
        (row,) = connection.execute("SHOW server_version").fetchall()
    return str(row[0]).partition(" ")[0]


def extend(url: DatabaseUrl, requires: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Create the extensions behind `requires` that the server has; return all there are, name and version.

    Raises:
        ProvisioningError: an extension that is there can't be created.
    """
    from psycopg import sql

    with connected(url) as connection:
        offered = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
        wanted = {name for requirement, name in EXTENSIONS.items() if requirement in requires}
        for extension in sorted(wanted & {str(row[0]) for row in offered}):
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        there = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY 1")
        return tuple((str(name), str(version)) for name, version in there)
