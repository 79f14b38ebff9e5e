"""Tell what tests commit from the databases that Paceline copies and drops in the same cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from paceline.isolation.databases.postgresql.wal import XID_MASK, flush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paceline.isolation.databases.postgresql.connections import Connection

#: Databases that come and go while tests run, such as the copies that are kept ready.
_DATABASES: LiteralString = """
SELECT count(DISTINCT xid::text) FROM pg_get_wal_records_info(%s, %s)
WHERE resource_manager = 'Database' AND xid = ANY(%s::xid[])
"""


def wrote(server: Connection, xids: Iterable[int], start: str, end: str) -> bool:
    """Tell whether any of the committed `xids` did anything but copy or drop a database.

    Args:
        server: to a database with pg_walinspect.
        xids: transaction ids of all databases.
        start: position in the log before their records.
        end: position behind them.
    """
    listed = sorted({str(xid & XID_MASK) for xid in xids})
    flush(server)
    row = server.execute(_DATABASES, [start, end, listed]).fetchone()
    return row is None or int(str(row[0])) < len(listed)
