"""Tell what tests commit from the databases that Paceline copies and drops in the same cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from paceline.isolation.databases.postgresql.wal import XID_MASK, flush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paceline.isolation.databases.postgresql.connections import Connection

#: Databases that come and go while tests run, such as the copies that are kept ready, are left out.
_RECORDS: LiteralString = """
WITH record AS MATERIALIZED (
    SELECT xid::text, resource_manager, split_part(record_type, '+', 1) AS operation, description,
           regexp_match(coalesce(block_ref, ''), 'rel \\d+/(\\d+)/(\\d+)') AS found
    FROM pg_get_wal_records_info(%s, %s) WHERE xid = ANY(%s::xid[])
), copying AS (SELECT DISTINCT xid FROM record WHERE resource_manager = 'Database')
SELECT resource_manager, operation, found[1]::bigint, found[2]::bigint,
       sum(coalesce(substring(description FROM 'ntuples: (\\d+)'),
                    substring(description FROM '^(\\d+) tuples'), '1')::bigint), 0
FROM record WHERE xid NOT IN (SELECT xid FROM copying) GROUP BY 1, 2, 3, 4
UNION ALL SELECT '', '', NULL, NULL, 0, count(*) FROM copying
"""
_HEAPS = frozenset({"Heap", "Heap2"})
#: How many rows more there are after one row of a record; an update leaves the old row for a new one.
_GROWTH = {"INSERT": 1, "MULTI_INSERT": 1, "DELETE": -1}
#: What is done to a row or its page that leaves it what it says.
_NO_CHANGE = frozenset(
    {"LOCK", "LOCK_UPDATED", "CONFIRM", "VISIBLE", "FREEZE_PAGE", "VACUUM", "PRUNE"}
    | {"PRUNE_ON_ACCESS", "PRUNE_VACUUM_SCAN", "PRUNE_VACUUM_CLEANUP"}
)
#: Neither rows nor definitions: indexes, locks, sequences, the commits themselves.
_BESIDES = frozenset(
    {"Btree", "Hash", "Gin", "Gist", "SPGist", "BRIN", "Generic", "Sequence", "Standby", "Transaction"}
    | {"XLOG", "MultiXact", "CLOG", "CommitTs", "LogicalMessage"}
)
#: The first number that is no system table's.
_FIRST_OWN = 16384


@dataclass(frozen=True, slots=True)
class Written:
    """What transactions did according to the log, without those that copied or dropped a database.

    Attributes:
        growth: how many rows more there are, by database and file of the table.
        only_rows: nothing else was written, and it may be that all rows changed or deleted were new ones.
        only_copies: all transactions copied or dropped databases.
    """

    growth: dict[tuple[int, int], int]
    only_rows: bool
    only_copies: bool

    @property
    def nothing(self) -> bool:
        """Whether no row was written in any database, of whatever table."""
        return not any(database for database, _ in self.growth)

    @property
    def any_own(self) -> bool:
        """Whether any rows are in a table that is no system's.

        Those of temporary tables aren't logged, but their definition is, like that of others.
        """
        return any(file >= _FIRST_OWN for _, file in self.growth)


def written(server: Connection, xids: Iterable[int], start: str, end: str) -> Written:
    """Return what the committed `xids` did.

    Args:
        server: to a database with pg_walinspect.
        xids: transaction ids of all databases.
        start: position in the log before their records.
        end: position behind them.
    """
    listed = sorted({str(xid & XID_MASK) for xid in xids})
    flush(server)
    growth: dict[tuple[int, int], int] = {}
    added: set[tuple[int, int]] = set()
    only_rows = True
    copies = 0
    for manager, operation, database, file, number, copying in server.execute(
        _RECORDS, [start, end, listed]
    ).fetchall():
        copies += int(str(copying))
        if manager in _HEAPS and operation in _NO_CHANGE:
            continue
        if manager in _HEAPS and file is not None:
            where = int(str(database)), int(str(file))
            growth[where] = growth.get(where, 0) + _GROWTH.get(str(operation), 0) * int(str(number))
            only_rows = only_rows and where[1] >= _FIRST_OWN
            if _GROWTH.get(str(operation)) == 1:
                added.add(where)
        elif manager and manager not in _BESIDES:
            only_rows = False
    only_rows = only_rows and added == growth.keys()
    return Written(growth, only_rows, only_copies=copies == len(listed))
