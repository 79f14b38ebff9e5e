"""How databases of a PostgreSQL server come and go."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, LiteralString

from paceline.clock import CLOCK
from paceline.errors import ProvisioningError
from paceline.isolation.databases.postgresql.connections import connected, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.sql import Composed

    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.urls import DatabaseUrl

_LOCK_TIMEOUT = 120.0
_DISCONNECT_TIMEOUT = 5.0
_COPY_LOCK = 7_233_451_907  # for copying one database at a time; any number does


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
            row = connection.execute("SHOW fsync").fetchone()
            # The checkpoint that goes with copying files costs nothing where nothing is synced.
            quick = row == ("off",) and connection.info.server_version >= 150000
            connection.execute(statement + sql.SQL(" STRATEGY file_copy" if quick else ""))
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
    # The first connection writes down what every later one needs of the catalog, and a copy has that as well.
    with connected(url.renamed(source)), connected(url) as connection:
        _disconnect(connection, source)
        connection.execute(copying(connection, source, name))


def exchange(connection: Connection, url: DatabaseUrl, name: str, *, old: str, fresh: str) -> None:
    """Rename the database `name` to `old` and `fresh` to `name`, ending what is connected to the first.

    Args:
        connection: to a database that is none of them.
        url: where it leads.
        name: the database to replace.
        old: what becomes of its name.
        fresh: the database that takes its place; nobody is connected to it.

    Raises:
        ProvisioningError: the server refuses.
    """
    from psycopg import sql

    names = [sql.Identifier(each) for each in (name, old, fresh, name)]
    renames = sql.SQL("ALTER DATABASE {} RENAME TO {}; ALTER DATABASE {} RENAME TO {}").format(*names)
    with explained(url):
        _disconnect(connection, name)
        connection.execute(renames)


def copying(connection: Connection, source: str, name: str) -> Composed:
    """Return the statement that makes the database `name` a copy of `source`."""
    from psycopg import sql

    # Copies files instead of writing each page to the log as well: twice as fast where nothing is dirty.
    strategy = sql.SQL(" STRATEGY file_copy" if connection.info.server_version >= 150000 else "")
    names = sql.Identifier(name), sql.Identifier(source)
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names) + strategy


def _disconnect(connection: Connection, name: str) -> None:
    """End what is connected to the database `name`, and wait until it's gone."""
    _end(connection, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)


def end(connection: Connection, sessions: Sequence[int]) -> None:
    """End `sessions`, given by the ids of their processes, and wait until they are gone."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)"
    _end(connection, query, list(sessions))


def _end(connection: Connection, query: LiteralString, value: object) -> None:
    deadline = CLOCK.counter() + _DISCONNECT_TIMEOUT
    # A server that finds somebody connected looks again only after 100 ms.
    while CLOCK.counter() < deadline:
        if not connection.execute(query, [value]).rowcount:
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
