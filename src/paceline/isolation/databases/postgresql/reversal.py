"""Take back rows that a test added: a fraction of the work of a fresh copy, where the result is the same.

It is the same when the test did nothing but add rows to ordinary tables, and all connections are idle ones in
pools, which are tidied. The log says how many rows each table grew by. If exactly so many are there that its
transactions wrote, no row from before was changed: a changed or deleted one would be missing in the sum.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, LiteralString

from paceline.clock import CLOCK
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql.wal import XID_MASK
from paceline.isolation.pools import idle_connections, lend_connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg.sql import Composed

    from paceline.isolation.backings import Backing
    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.databases.postgresql.copies import Written
    from paceline.isolation.urls import DatabaseUrl

#: Where rows were, space is left, which the server must walk over: then rather a fresh copy.
_MOST_ROWS = 2000
#: A connection that the test has closed is seen a little longer by the server (seconds). Where it was waited
#: for in vain, because the application has connections of its own, the next time it's half as long.
_PATIENCE = 0.05
_DIALECT = "postgresql"
_DRIVERS = frozenset({"psycopg", "psycopg2"})

#: Tables without a side effect when a row goes: no trigger that fires even so, no index that remembers rows.
_TABLES: LiteralString = r"""
SELECT pg_relation_filenode(c.oid)::bigint, n.nspname, c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled IN ('A', 'R'))
  AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_enabled IN ('A', 'R'))
  AND NOT EXISTS (
    SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
    WHERE i.indrelid = c.oid AND a.amname <> ALL ('{btree,hash,gin,gist,spgist,brin}'))
"""
#: What tables keep large values in; no row is there without one in the table.
_LARGE_VALUES: LiteralString = """
SELECT pg_relation_filenode(reltoastrelid)::bigint FROM pg_class WHERE relkind = 'r' AND reltoastrelid <> 0
"""
_UNLOGGED: LiteralString = "SELECT FROM pg_class WHERE relpersistence = 'u' LIMIT 1"
_SEQUENCES: LiteralString = """
SELECT format('%I.%I', schemaname, sequencename), last_value, start_value FROM pg_sequences
"""
_REWIND: LiteralString = """
SELECT setval(name::regclass, coalesce(last, start), last IS NOT NULL)
FROM unnest({}::text[], {}::bigint[], {}::bigint[]) AS known (name, last, start)
WHERE pg_sequence_last_value(name::regclass) IS DISTINCT FROM last
"""
_USERS: LiteralString = """
SELECT (SELECT oid FROM pg_database WHERE datname = %(name)s)::bigint,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = %(name)s),
       (SELECT count(*) FROM pg_stat_activity WHERE datname = %(name)s AND state IS DISTINCT FROM 'idle')
       + (SELECT count(*) FROM pg_replication_slots WHERE database = %(name)s)
"""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the template holds.

    Attributes:
        tables: schema and name of those whose rows can be taken back, by the number of their file.
        large: files of large values.
        sequences: last value, if any, and first one, by name.
    """

    tables: dict[int, tuple[str, str]]
    large: frozenset[int]
    sequences: dict[str, tuple[int | None, int]]


class Reversal:
    """Takes back rows in the tests' database of a server of our own."""

    def __init__(self, place: Backing) -> None:
        """Know nothing yet of the database at `place`."""
        self._place = place
        self._prepared: _Prepared | None = None
        self._rows = 0
        self._patience = _PATIENCE

    def renewed(self) -> None:
        """Begin anew: the database has been replaced."""
        self._rows = 0

    def take_back(self, server: Connection, xids: Iterable[int], written: Written) -> bool:
        """Make the database what it was before the committed `xids`; return whether it is.

        Otherwise it has to be replaced.

        Args:
            server: to another database of the cluster.
            xids: all that committed since, none of which was open before.
            written: what they did.
        """
        place = self._place
        if place.template is None or not written.only_rows:
            return False
        own = self._unshared(server)
        prepared = self._known(place.template) if own is not None else None
        if prepared is None:
            return False
        growth: dict[tuple[str, str], int] = {}
        for (database, file), rows in written.growth.items():
            if database == own and file in prepared.tables:
                growth[prepared.tables[file]] = rows
            elif database != own or file not in prepared.large:
                return False
        self._rows += sum(growth.values())
        if not growth or self._rows > _MOST_ROWS:
            return False
        listed = sorted({str(xid & XID_MASK) for xid in xids})
        return self._delete(growth, listed, prepared.sequences)

    def _unshared(self, server: Connection) -> int | None:
        """Return the oid of the database if nobody but idle connections of pools is connected to it."""
        idle = idle_connections(self._place.url.name, _DIALECT)
        if idle is None:
            return None
        deadline = CLOCK.counter() + self._patience
        while True:
            row = server.execute(_USERS, {"name": self._place.url.name}, prepare=True).fetchone()
            assert row is not None
            oid, users, busy = (int(str(number)) for number in row)
            if users <= idle and not busy:
                self._patience = _PATIENCE
                return oid
            if CLOCK.counter() > deadline:
                self._patience /= 2
                return None
            CLOCK.sleep(0.0005)

    def _known(self, template: DatabaseUrl) -> _Prepared | None:
        if self._prepared is None:
            self._prepared = _prepared(template)
        return self._prepared if self._prepared.tables else None

    def _delete(
        self,
        growth: dict[tuple[str, str], int],
        xids: list[str],
        sequences: dict[str, tuple[int | None, int]],
    ) -> bool:
        """Delete the rows of `xids`; return whether they were as many as the tables had grown by."""
        with ExitStack() as stack:
            lent = stack.enter_context(lend_connection(self._place.url.name, _DIALECT, _DRIVERS))
            connection = lent or stack.enter_context(postgresql.connected(self._place.url))
            try:
                cursor = _cursor(connection)
                # The application's own settings; what makes them follows when the connection is tidied.
                statements = ["SET SESSION AUTHORIZATION DEFAULT", "RESET ALL"]
                statements.append("SET session_replication_role = replica")
                statements += [_rewinding(sequences)] if sequences else []
                statements.append(_deleting(growth, xids))
                _run_together(cursor, statements)
                if tuple(cursor.fetchone()) != tuple(growth.values()):
                    return False
                cursor.close()
                connection.commit()
            except _error_of(connection):  # a fresh copy always works
                return False
        return True


def _prepared(template: DatabaseUrl) -> _Prepared:
    with postgresql.connected(template) as connection:
        if connection.execute(_UNLOGGED).rowcount:
            # Of their rows the log knows nothing.
            return _Prepared({}, frozenset(), {})
        return _Prepared(
            {
                int(str(file)): (str(schema), str(name))
                for file, schema, name in connection.execute(_TABLES).fetchall()
            },
            frozenset(int(str(file)) for (file,) in connection.execute(_LARGE_VALUES).fetchall()),
            {
                str(name): (None if last is None else int(str(last)), int(str(start)))
                for name, last, start in connection.execute(_SEQUENCES).fetchall()
            },
        )


def _error_of(connection: Any) -> type[Exception]:
    """Return the class of everything that the connection's driver raises."""
    import psycopg

    if isinstance(connection, psycopg.Connection):
        return psycopg.Error
    error: type[Exception] = import_module("psycopg2").Error
    return error


def _cursor(connection: Any) -> Any:
    """Return a cursor whose rows are tuples, whatever the application has chosen."""
    import psycopg
    from psycopg.rows import tuple_row

    if isinstance(connection, psycopg.Connection):
        return connection.cursor(row_factory=tuple_row)
    return connection.cursor(cursor_factory=import_module("psycopg2.extensions").cursor)


def _run_together(cursor: Any, statements: Iterable[str]) -> None:
    """Run `statements` in one round trip; `cursor` has the rows of the last one then."""
    from psycopg import Cursor

    of_psycopg = isinstance(cursor, Cursor)
    # It would prepare what it sees often, and can't prepare several statements in one.
    options = {"prepare": False} if of_psycopg else {}
    cursor.execute("; ".join(statements), **options)
    # The other driver has the last rows only.
    while of_psycopg and cursor.nextset():
        pass


def _deleting(tables: Iterable[tuple[str, str]], xids: list[str]) -> str:
    """Return a statement that deletes what `xids` wrote to `tables`; its one row tells how many each."""
    from psycopg import sql

    deletions: list[Composed] = []
    counts: list[Composed] = []
    for at, table in enumerate(tables):
        gone = sql.Identifier(f"gone_{at}")
        deletion = "{} AS (DELETE FROM ONLY {} WHERE xmin = ANY({}::xid[]) RETURNING 1)"
        deletions.append(sql.SQL(deletion).format(gone, sql.Identifier(*table), sql.Literal(xids)))
        counts.append(sql.SQL("(SELECT count(*) FROM {})").format(gone))
    return (
        sql.SQL("WITH {} SELECT {}")
        .format(sql.SQL(", ").join(deletions), sql.SQL(", ").join(counts))
        .as_string()
    )


def _rewinding(sequences: dict[str, tuple[int | None, int]]) -> str:
    """Return a statement that puts those of `sequences` back that have moved."""
    from psycopg import sql

    values = [list(sequences), [last for last, _ in sequences.values()]]
    values.append([start for _, start in sequences.values()])
    return sql.SQL(_REWIND).format(*map(sql.Literal, values)).as_string()
