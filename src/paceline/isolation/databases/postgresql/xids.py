"""Which transactions committed in a PostgreSQL cluster between two moments: anybody's, in any database.

Transaction ids are handed out in order, so those of a test are known from two snapshots, and the server tells
which of them committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString, cast

if TYPE_CHECKING:
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

# An xid that is higher than every finished one may be open already, so the open ones are listed with them.
_MOMENT: LiteralString = (
    "SELECT txid_current_snapshot()::text, pg_current_wal_insert_lsn()::text, clock_timestamp()::text"
)
# Qualified, because it may be asked on the application's connection, with a search path of its own. The
# server reads it anew each time then, so it's short.
_COMMITTED: LiteralString = """
SELECT pg_catalog.txid_current_snapshot()::text, pg_catalog.pg_current_wal_insert_lsn()::text,
pg_catalog.clock_timestamp()::text, ARRAY(SELECT x FROM pg_catalog.generate_series({},
pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) - 1) x
WHERE pg_catalog.txid_status(x) OPERATOR(pg_catalog.=) 'committed')::text,
EXISTS (SELECT FROM pg_catalog.pg_prepared_xact())::text
"""
_COMMITTED_OF: LiteralString = "SELECT x FROM unnest(%s::bigint[]) AS x WHERE txid_status(x) = 'committed'"
# Of a time that the server doesn't know it can't be said that it came earlier.
_SINCE: LiteralString = """
SELECT x FROM unnest(%s::bigint[]) AS x
WHERE coalesce(pg_xact_commit_timestamp((x & 4294967295)::text::xid) >= to_timestamp(%s), true)
"""
_STATEMENTS: LiteralString = r"""
SELECT application_name, query FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND state_change >= %s::timestamptz AND state <> 'active'
      AND query ~* '^\s*(alter|call|copy|create|delete|do|drop|insert|merge|truncate|update|with)\y'
ORDER BY state_change LIMIT 5
"""
_WRITING: LiteralString = """
, ARRAY(SELECT concat(backend_xid, ' ', datname) FROM pg_stat_activity WHERE backend_xid IS NOT NULL
        UNION ALL SELECT concat(transaction, ' ', database) FROM pg_prepared_xacts)
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the life of a cluster.

    Attributes:
        next_xid: all transaction ids that finished are lower.
        open_xids: lower ones that had not finished.
        lsn: position in the write-ahead log.
        time: by the clock of the server.
        any_prepared: whether a two-phase commit is half done in any database; its id is among `open_xids`
            only when a higher one has finished.
    """

    next_xid: int
    open_xids: tuple[int, ...]
    lsn: str
    time: str
    any_prepared: bool = False


def moment(connection: Connection) -> Moment:
    """Return the present of the cluster that `connection` goes to; one round trip, any database of it."""
    row = connection.execute(_MOMENT, prepare=True).fetchone()
    assert row is not None
    return _moment(row)


def committed_since(connection: Connection, before: Moment) -> tuple[Moment, frozenset[int]]:
    """Return the present and the transaction ids that committed since `before`.

    One round trip, and another one when there were open transactions.
    """
    row = connection.execute(_COMMITTED.format("%s"), [before.next_xid], prepare=True).fetchone()
    assert row is not None
    return answered(connection, before, row)


def question(before: Moment) -> str:
    """Return SQL whose one row tells what committed since `before`, for `answered`."""
    return _COMMITTED.format(before.next_xid)


def answered(connection: Connection, before: Moment, row: Sequence[object]) -> tuple[Moment, frozenset[int]]:
    """Return what `row`, the answer to `question`, says: the present, and what committed since `before`."""
    xids = {int(xid) for xid in str(row[3]).strip("{}").split(",") if xid}
    if before.open_xids:
        rows = connection.execute(_COMMITTED_OF, [list(before.open_xids)]).fetchall()
        xids |= {int(str(xid)) for (xid,) in rows}
    return _moment(row), frozenset(xids)


def committed_at(connection: Connection, xids: Iterable[int], since: float) -> frozenset[int]:
    """Return those of the committed `xids` that did so at `since` (seconds of the epoch) or later.

    The server has to keep the time of each commit (`track_commit_timestamp`).
    """
    rows = connection.execute(_SINCE, [sorted(xids), since], prepare=True).fetchall()
    return frozenset(int(str(xid)) for (xid,) in rows)


def are_prepared(connection: Connection, database: str) -> bool:
    """Tell whether a two-phase commit is half done in `database`, which `connection` needn't lead to."""
    return bool(
        connection.execute(
            "SELECT FROM pg_prepared_xacts WHERE database = %s LIMIT 1", [database], prepare=True
        ).rowcount
    )


def moment_and_writing(connection: Connection) -> tuple[Moment, tuple[tuple[int, str], ...]]:
    """Return the present, and of the open transactions that have written half of the id and the database."""
    row = connection.execute(_MOMENT + _WRITING, prepare=True).fetchone()
    assert row is not None
    texts = cast("list[str]", row[3])
    writing = (text.split(" ", 1) for text in texts)
    return _moment(row[:3]), tuple((int(xid), database) for xid, database in writing)


def are_open(connection: Connection) -> bool:
    """Tell whether another connection to the cluster is in a transaction that has written."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xid IS NOT NULL) "
        "OR EXISTS (SELECT FROM pg_prepared_xact())"
    ).fetchone()
    return row is not None and bool(row[0])


def roll_back_prepared(connection: Connection) -> None:
    """End what a two-phase commit has left half done in the database of `connection`: it holds locks."""
    from psycopg import sql

    rows = connection.execute(
        "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
    ).fetchall()
    for (gid,) in rows:
        connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(str(gid)))


def _moment(row: Sequence[object]) -> Moment:
    _, next_xid, open_xids = str(row[0]).split(":")
    return Moment(
        int(next_xid),
        tuple(int(xid) for xid in open_xids.split(",") if xid),
        str(row[1]),
        str(row[2]),
        any_prepared=len(row) > 4 and row[4] == "true",
    )


def statements_since(connection: Connection, database: str, before: Moment) -> tuple[tuple[str, str], ...]:
    """Return application name and last statement of connections to `database` used since `before`."""
    rows = connection.execute(_STATEMENTS, [database, before.time]).fetchall()
    return tuple((str(name), str(query)) for name, query in rows)
