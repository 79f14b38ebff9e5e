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
_COMMITTED: LiteralString = """
SELECT s::text, pg_current_wal_insert_lsn()::text, clock_timestamp()::text, ARRAY(
    SELECT x FROM (SELECT unnest(%(open)s::bigint[]) AS x
                   UNION ALL SELECT generate_series(%(next)s::bigint, txid_snapshot_xmax(s) - 1)) AS xids
    WHERE txid_status(x) = 'committed')
FROM (SELECT txid_current_snapshot() AS s) AS now
"""
_STATEMENTS: LiteralString = r"""
SELECT application_name, query FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND state_change >= %s::timestamptz AND state <> 'active'
      AND query !~* '^\s*(begin|discard|release|rollback|savepoint|select|set|show)'
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
    row = connection.execute(_MOMENT).fetchone()
    assert row is not None
    return _moment(row)


def committed_since(connection: Connection, before: Moment) -> tuple[Moment, frozenset[int]]:
    """Return the present and the transaction ids that committed since `before`; one round trip."""
    parameters = {"open": list(before.open_xids), "next": before.next_xid}
    row = connection.execute(_COMMITTED, parameters).fetchone()
    assert row is not None
    found = row[3]
    assert isinstance(found, list)
    return _moment(row), frozenset(int(str(xid)) for xid in found)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]


def _moment(row: tuple[object, ...]) -> Moment:
    _, next_xid, open_xids = str(row[0]).split(":")
    return Moment(
        int(next_xid), tuple(int(xid) for xid in open_xids.split(",") if xid), str(row[1]), str(row[2])
    )


def statements_since(connection: Connection, database: str, before: Moment) -> tuple[tuple[str, str], ...]:
    """Return application name and last statement of connections to `database` used since `before`."""
    rows = connection.execute(_STATEMENTS, [database, before.time]).fetchall()
    return tuple((str(name), str(query)) for name, query in rows)
