"""Which transactions committed in a PostgreSQL cluster between two moments: anybody's, in any database.

Transaction ids are handed out in order, so those of a test are known from two snapshots, and the server tells
which of them committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

# An xid that is higher than every finished one may be open already, so the open ones are listed with them.
_MOMENT: LiteralString = (
    "SELECT txid_current_snapshot()::text, pg_current_wal_insert_lsn()::text, clock_timestamp()::text"
)
# Text instead of arrays, in both directions: half of the time was spent on turning them into each other.
_COMMITTED: LiteralString = """
SELECT s::text, pg_current_wal_insert_lsn()::text, clock_timestamp()::text,
       (SELECT string_agg(x::text, ',') FROM generate_series(%s, txid_snapshot_xmax(s) - 1) AS x
        WHERE txid_status(x) = 'committed')
FROM (SELECT txid_current_snapshot() AS s OFFSET 0) AS now
"""
_COMMITTED_OF: LiteralString = "SELECT x FROM unnest(%s::bigint[]) AS x WHERE txid_status(x) = 'committed'"
_STATEMENTS: LiteralString = r"""
SELECT application_name, query FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND state_change >= %s::timestamptz AND state <> 'active'
      AND query ~* '^\s*(alter|call|copy|create|delete|do|drop|insert|merge|truncate|update|with)\y'
ORDER BY state_change LIMIT 5
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the life of a cluster.

    Attributes:
        next_xid: all transaction ids that finished are lower.
        open_xids: lower ones that had not finished.
        lsn: position in the write-ahead log.
        time: by the clock of the server.
    """

    next_xid: int
    open_xids: tuple[int, ...]
    lsn: str
    time: str


def moment(connection: Connection) -> Moment:
    """Return the present of the cluster that `connection` goes to; one round trip, any database of it."""
    row = connection.execute(_MOMENT, prepare=True).fetchone()
    assert row is not None
    return _moment(row)


def committed_since(connection: Connection, before: Moment) -> tuple[Moment, frozenset[int]]:
    """Return the present and the transaction ids that committed since `before`.

    One round trip, and another one when there were open transactions.
    """
    row = connection.execute(_COMMITTED, [before.next_xid], prepare=True).fetchone()
    assert row is not None
    xids = {int(xid) for xid in str(row[3] or "").split(",") if xid}
    if before.open_xids:
        rows = connection.execute(_COMMITTED_OF, [list(before.open_xids)]).fetchall()
        xids |= {int(str(xid)) for (xid,) in rows}
    return _moment(row), frozenset(xids)


def roll_back_prepared(connection: Connection) -> None:
    """End what a two-phase commit has left half done in the database of `connection`: it holds locks."""
    from psycopg import sql

    rows = connection.execute(
        "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
    ).fetchall()
    for (gid,) in rows:
        connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(str(gid)))


def _moment(row: tuple[object, ...]) -> Moment:
    _, next_xid, open_xids = str(row[0]).split(":")
    return Moment(
        int(next_xid), tuple(int(xid) for xid in open_xids.split(",") if xid), str(row[1]), str(row[2])
    )


def statements_since(connection: Connection, database: str, before: Moment) -> tuple[tuple[str, str], ...]:
    """Return application name and last statement of connections to `database` used since `before`."""
    rows = connection.execute(_STATEMENTS, [database, before.time]).fetchall()
    return tuple((str(name), str(query)) for name, query in rows)
