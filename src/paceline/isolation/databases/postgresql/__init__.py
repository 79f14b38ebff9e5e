"""Everything that is said to a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paceline.isolation.databases.postgresql.connections import connect, connected, require_driver
from paceline.isolation.databases.postgresql.lifecycle import (
    copy,
    copying,
    create,
    drop,
    drop_unused,
    dropping,
    end,
    exchange,
    is_used,
)
from paceline.isolation.databases.postgresql.places import (
    borrowed,
    configured,
    label,
    made_by,
    offers,
    own,
    quoted,
    searches,
    unreachable,
    unusable,
    variables,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    import psycopg

    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing
    from paceline.isolation.databases.postgresql.sequences import Sequences
    from paceline.isolation.product import Kept, Pool
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
    "borrowed",
    "configured",
    "connect",
    "connected",
    "copy",
    "copying",
    "create",
    "drop",
    "drop_unused",
    "dropping",
    "end",
    "exchange",
    "extend",
    "has_tables",
    "is_used",
    "keep",
    "label",
    "made_by",
    "offers",
    "own",
    "pool",
    "quoted",
    "require_driver",
    "run",
    "searches",
    "sequences",
    "server_version",
    "unreachable",
    "unusable",
    "variables",
    "words",
]


def pool(maintenance: DatabaseUrl, template: str) -> Pool:
    """Return a pool of copies that are made while tests run."""
    from paceline.isolation.databases.postgresql.clones import Clones

    return Clones(maintenance, template)


def audit(provisioning: Provisioning) -> Audit:
    """Return the audit of transaction ids and the write-ahead log."""
    from paceline.isolation.databases.postgresql.commits import Audit

    return Audit(provisioning)


def sequences(provisioning: Provisioning) -> Sequences:
    """Return what puts the sequences back that no rollback does."""
    from paceline.isolation.databases.postgresql.sequences import Sequences

    return Sequences(lambda: connect(provisioning.place.url))


def keep(place: Backing, folder: Path, nodeid: str) -> Kept:
    """Return where the database of a failed test will be kept."""
    from paceline.isolation.databases.postgresql.kept import KeptDatabase, KeptFile

    return KeptFile(folder, nodeid) if place.is_ours else KeptDatabase(place)


def words() -> Words:
    """Return what the shared transaction says."""
    from paceline.isolation.databases.postgresql.transactions import PostgresqlWords

    return PostgresqlWords()


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
