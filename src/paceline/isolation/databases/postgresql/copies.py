"""Tell what tests commit from the databases that Paceline copies and drops in the same cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from paceline.isolation.databases.postgresql.wal import XID_MASK, flush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paceline.isolation.databases.postgresql.connections import Connection

#: Databases that come and go while tests run, such as the copies that are kept ready; and rows of tables that
#: are no system's. Those of temporary tables aren't logged, but their definition is, like that of others.
_RECORDS: LiteralString = """
SELECT count(DISTINCT xid::text) FILTER (WHERE resource_manager = 'Database'),
       count(*) FILTER (WHERE substring(block_ref FROM 'rel \\d+/\\d+/(\\d+)')::bigint >= 16384)
FROM pg_get_wal_records_info(%s, %s)
WHERE resource_manager IN ('Database', 'Heap', 'Heap2') AND xid = ANY(%s::xid[])
"""


def wrote(server: Connection, xids: Iterable[int], start: str, end: str) -> bool | None:
    """Tell whether any of the committed `xids` did anything but copy or drop a database.

    Args:
        server: to a database with pg_walinspect.
        xids: transaction ids of all databases.
        start: position in the log before their records.
        end: position behind them.

    Returns:
        None where these records don't tell.
    """
    listed = sorted({str(xid & XID_MASK) for xid in xids})
    flush(server)
    row = server.execute(_RECORDS, [start, end, listed]).fetchone()
    assert row is not None
    copies, rows = (int(str(count)) for count in row)
    if copies == len(listed):
        return False
    return True if rows else None
