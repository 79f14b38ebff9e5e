"""Everything that is said to a PostgreSQL server."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.errors import MissingDependencyError, ProvisioningError
from paceline.isolation.databases.postgresql.places import (
    borrowed,
    configured,
    label,
    own,
    quoted,
    searches,
    unreachable,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    import psycopg
    from psycopg.sql import Composed

    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Pool
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.shared.words import Words
    from paceline.isolation.urls import DatabaseUrl

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

TITLE = "PostgreSQL"
SCHEMES = frozenset({"postgresql", "postgres"})
DRIVERNAME = "postgresql+psycopg"
EXAMPLE = "postgresql://user@host/shop_test"
HINT = "Install pytest-paceline[postgres], or name a server in PACELINE_DATABASE_URL."

__all__ = [
    "DRIVERNAME",
    "EXAMPLE",
    "HINT",
    "SCHEMES",
    "TITLE",
    "audit",
    "begin_copy",
    "borrowed",
    "configured",
    "connect",
    "connected",
    "copy",
    "create",
    "drop",
    "drop_unused",
    "end_copy",
    "extend",
    "has_tables",
    "is_used",
    "label",
    "own",
    "pool",
    "quoted",
    "rename",
    "require_driver",
    "run",
    "searches",
    "server_version",
    "unreachable",
    "variables",
    "words",
]

_CONNECT_TIMEOUT = 10
_LOCK_TIMEOUT = 120.0
_DISCONNECT_TIMEOUT = 5.0
_COPY_LOCK = 7_233_451_907  # for copying one database at a time; any number does


def pool(maintenance: DatabaseUrl, template: str) -> Pool:
    """Return a pool of copies that are made while tests run."""
    from paceline.isolation.clones import Clones

    return Clones(maintenance, template)


def audit(provisioning: Provisioning) -> Audit:
    """Return the audit of transaction ids and the write-ahead log."""
    from paceline.isolation.audit import Audit

    return Audit(provisioning)


def words() -> Words:
    """Return what the shared transaction says."""
    from paceline.isolation.databases.postgresql.transactions import PostgresqlWords

    return PostgresqlWords()


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
        return psycopg.connect(url.text("postgresql"), autocommit=True, connect_timeout=_CONNECT_TIMEOUT)


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
        connection.execute(_copying(connection, source, name))


def begin_copy(connection: Connection, source: str, name: str) -> None:
    """Like `copy` of a database that nobody is connected to, but return at once."""
    connection.pgconn.send_query(_copying(connection, source, name).as_bytes(connection))


def end_copy(connection: Connection) -> bool:
    """Wait for what `begin_copy` began; return whether it worked."""
    from psycopg.pq import ExecStatus

    done = False
    while (result := connection.pgconn.get_result()) is not None:
        done = result.status == ExecStatus.COMMAND_OK
    return done


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


def _copying(connection: Connection, source: str, name: str) -> Composed:
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
    from psycopg import sql

    with connected(url) as connection:
        force = sql.SQL(" WITH (FORCE)" if connection.info.server_version >= 130000 else "")
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)) + force)


def drop_unused(url: DatabaseUrl, stem: str, chosen: Callable[[str], bool]) -> None:
    """Drop databases of the current user to which nobody is connected; one that is in use after all stays.

    Args:
        url: an existing database of the server.
        stem: what their names begin with.
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
            [re.sub(r"([\\%_])", r"\\\1", stem) + "%"],
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


def extend(url: DatabaseUrl, extensions: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Create those of `extensions` that the server has; return all there are, name and version.

    Raises:
        ProvisioningError: an extension that is there can't be created.
    """
    from psycopg import sql

    with connected(url) as connection:
        offered = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
        for extension in sorted(extensions & {str(row[0]) for row in offered}):
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        there = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY 1")
        return tuple((str(name), str(version)) for name, version in there)
