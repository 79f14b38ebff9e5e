"""What committed transactions changed in a PostgreSQL database, read from the write-ahead log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

#: Statistics of the planner.
_HARMLESS_CATALOGS = frozenset({"pg_statistic", "pg_statistic_ext_data"})
#: Written by whatever changes a relation, which is then locked and looked at by itself.
_CATALOGS_OF_RELATIONS = frozenset(
    {
        "pg_attrdef",
        "pg_attribute",
        "pg_class",
        "pg_depend",
        "pg_index",
        "pg_inherits",
        "pg_init_privs",
        "pg_sequence",
        "pg_shdepend",
        "pg_toast",
    }
)
#: What else has a name: how its rows are found. Rows for temporary tables and of what a table brings along
#: are left out.
_OBJECTS: dict[str, LiteralString] = {
    "pg_collation": "",
    "pg_extension": "",
    "pg_namespace": r"nspname !~ '^pg_(toast_)?temp_'",
    "pg_operator": "",
    "pg_proc": "",
    "pg_type": "typrelid = 0 AND typelem = 0",
}
#: The same, for what belongs to a table: named only where no change of the table itself is.
_PARTS: dict[str, LiteralString] = {"pg_constraint": "", "pg_policy": "", "pg_rewrite": "", "pg_trigger": ""}
_ROWS = {"INSERT": "INSERT", "MULTI_INSERT": "INSERT", "UPDATE": "UPDATE", "HOT_UPDATE": "UPDATE"} | {
    "DELETE": "DELETE"
}
XID_MASK = 0xFFFFFFFF

_ROWS_CHANGED: LiteralString = """
SELECT split_part(record_type, '+', 1), spc, rel, sum(number)
FROM (SELECT record_type, found[1]::oid AS spc, found[2]::oid AS db, found[3]::oid AS rel,
             -- As PostgreSQL 16 says it, then 15.
             coalesce(substring(description FROM 'ntuples: (\\d+)'),
                      substring(description FROM '^(\\d+) tuples'), '1')::bigint AS number
      FROM pg_get_wal_records_info(%(start)s, %(end)s),
           regexp_match(block_ref, 'rel (\\d+)/(\\d+)/(\\d+)') AS found
      WHERE resource_manager IN ('Heap', 'Heap2') AND xid = ANY(%(xids)s::xid[])) AS record
WHERE db = %(db)s GROUP BY 1, 2, 3
"""
_OTHERS: LiteralString = """
SELECT resource_manager, description FROM pg_get_wal_records_info(%(start)s, %(end)s)
WHERE resource_manager IN ('Standby', 'Storage', 'Transaction') AND (xid = ANY(%(xids)s::xid[])
      OR resource_manager = 'Storage')
"""
_RELATIONS: LiteralString = """
SELECT c.oid::bigint, CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
       c.relkind::text, c.relpersistence::text, n.nspname::text, pg_relation_filenode(c.oid)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
"""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Something permanent.

    Attributes:
        what: name of the table or other object.
        operation: such as INSERT or DROP.
        rows: how many rows it was done to; None where that has no meaning.
    """

    what: str
    operation: str
    rows: int | None = None

    def __str__(self) -> str:
        """Return it in words."""
        if self.rows is None:
            return f"{self.operation} {self.what}"
        preposition = {"INSERT": "into", "DELETE": "from"}.get(self.operation, "of")
        return f"{self.operation} {self.rows} row{'' if self.rows == 1 else 's'} {preposition} {self.what}"


def can_read_wal(connection: Connection) -> bool:
    """Prepare for `changes`; `connection` goes to a database that the tests don't look at."""
    import psycopg

    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
    except psycopg.Error:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Relation:
    name: str
    kind: str
    persistence: str
    schema: str
    file: int | None

    @property
    def counts(self) -> bool:
        """Whether it is something of its own: no index, not temporary, no system table."""
        own = not self.schema.startswith(("pg_toast", "pg_temp"))
        return own and self.kind not in "iI" and self.persistence != "t"


class Changes:
    """Works out what committed transactions changed for good in one database."""

    def __init__(self, server: Connection, own: Connection, template: Connection | None) -> None:
        """Ask these connections.

        Args:
            server: to a database with pg_walinspect.
            own: to the database in question.
            template: to the one that it was copied from: there a dropped table still has its name.
        """
        self._server = server
        self._own = own
        self._template = template

    def made(self, xids: Iterable[int], start: str, end: str) -> tuple[Change, ...]:
        """Return what the transactions `xids` changed; their records lie between `start` and `end`."""
        xid_list = sorted({xid & XID_MASK for xid in xids})
        row = self._own.execute(
            "SELECT oid::bigint FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        parameters = {
            "start": start,
            "end": end,
            "db": row[0],
            "xids": [str(xid) for xid in xid_list],
        }
        flush(self._server)
        changed = self._server.execute(_ROWS_CHANGED, parameters).fetchall()
        others = self._server.execute(_OTHERS, parameters).fetchall()
        now = _relations(self._own)
        before = _relations(self._template) if self._template else {}
        files = {one.file: one for one in before.values()} | {one.file: one for one in now.values()}
        found: list[Change] = []
        catalogs: set[str] = set()
        for record, tablespace, file, number in changed:
            operation = _ROWS.get(str(record))
            if operation is None:
                continue
            relation = files.get(int(str(file))) or self._mapped(now, str(tablespace), str(file))
            if relation is None:
                continue
            if relation.schema == "pg_catalog" and relation.name != "pg_catalog.pg_largeobject":
                catalogs.add(relation.name.removeprefix("pg_catalog."))
            elif relation.counts and relation.kind != "S":
                found.append(Change(relation.name, operation, int(str(number))))
        locked, created, dropped = _definitions(int(str(row[0])), others)
        relations = _changed_relations(now, before, catalogs, locked, created, dropped)
        found += relations
        found += self._objects(catalogs, set(xid_list), explained=bool(relations))
        # Rows of a table that is gone or new are not worth a line of their own.
        whole = {change.what for change in relations if change.operation in {"CREATE", "DROP", "TRUNCATE"}}
        return tuple(sorted({one for one in found if one.rows is None or one.what not in whole}))

    def _mapped(self, now: dict[int, _Relation], tablespace: str, file: str) -> _Relation | None:
        """Return a relation whose file is known elsewhere than in pg_class."""
        row = self._own.execute(
            "SELECT pg_filenode_relation(%s::oid, %s::oid)::oid::bigint", [tablespace, file]
        ).fetchone()
        return now.get(int(str(row[0]))) if row and row[0] is not None else None

    def _objects(self, catalogs: set[str], xids: set[int], *, explained: bool) -> list[Change]:
        """Return changes of what is neither row nor relation: functions, types, schemas."""
        found: list[Change] = []
        for catalog, condition in (_OBJECTS if explained else _OBJECTS | _PARTS).items():
            if catalog in catalogs:
                now = _described(self._own, catalog, condition)
                before = _described(self._template, catalog, condition) if self._template else {}
                for oid in now.keys() | before.keys():
                    if oid not in now:
                        found.append(Change(before[oid][0], "DROP"))
                    elif now[oid][1] in xids:
                        found.append(Change(now[oid][0], "ALTER" if oid in before else "CREATE"))
        rest = catalogs - _HARMLESS_CATALOGS - _CATALOGS_OF_RELATIONS - _OBJECTS.keys() - _PARTS.keys()
        if not explained and not found:
            found += [Change(f"the schema ({catalog})", "change") for catalog in rest]
        return found


def _described(
    connection: Connection, catalog: str, condition: LiteralString
) -> dict[object, tuple[str, object]]:
    """Return what the rows of `catalog` describe, and which transaction wrote them, by oid."""
    from psycopg import sql

    statement = sql.SQL(
        "SELECT oid, pg_describe_object({}::regclass, oid, 0), xmin::text::bigint FROM {} WHERE "
    )
    query = statement.format(sql.Literal(catalog), sql.Identifier(catalog)) + sql.SQL(condition or "true")
    return {oid: (str(name), xid) for oid, name, xid in connection.execute(query).fetchall()}


def distance(start: str, end: str) -> int:
    """Return the bytes of the log between two positions."""
    first, last = (int(high, 16) << 32 | int(low, 16) for high, low in (start.split("/"), end.split("/")))
    return last - first


def flush(connection: Connection) -> None:
    """Make the server write its log up to now, also where commits don't wait for that."""
    # A transaction that wrote something: only such a commit is waited for.
    connection.execute("SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'paceline', '')")


def _relations(connection: Connection) -> dict[int, _Relation]:
    rows = connection.execute(_RELATIONS).fetchall()
    return {
        int(str(oid)): _Relation(
            str(name), str(kind), str(persistence), str(schema), None if file is None else int(str(file))
        )
        for oid, name, kind, persistence, schema, file in rows
    }


def _definitions(database: int, records: list[tuple[object, ...]]) -> tuple[set[int], set[int], set[int]]:
    """Return oids of locked relations, and files of created and of dropped ones."""
    locked: set[int] = set()
    created: set[int] = set()
    dropped: set[int] = set()
    for manager, description in records:
        text = str(description)
        if manager == "Standby":
            locked |= {int(oid) for oid in re.findall(rf"db {database} rel (\d+)", text)}
        files = {int(file) for file in re.findall(rf"base/{database}/(\d+)", text)}
        if manager == "Storage":
            created |= files
        elif manager == "Transaction":
            dropped |= files
            locked |= {int(oid) for oid in re.findall(r"relcache (\d+)", text)}
    return locked, created, dropped


def _changed_relations(
    now: dict[int, _Relation],
    before: dict[int, _Relation],
    catalogs: set[str],
    touched: set[int],
    created: set[int],
    dropped: set[int],
) -> list[Change]:
    """Return the net effect on tables and their like; `LOCK TABLE` and what came and went have none."""
    if not catalogs - _HARMLESS_CATALOGS:
        return []
    found: list[Change] = []
    sequences: list[Change] = []
    for oid in touched:
        after, earlier = now.get(oid), before.get(oid)
        known = after or earlier
        if known is None or not known.counts or known.schema == "pg_catalog":
            continue
        if known.kind == "S":
            done = "DROP" if after is None else "CREATE" if earlier is None else "ALTER"
            sequences.append(Change(known.name, done))
        elif after is None:
            found.append(Change(known.name, "DROP"))
        elif after.file in created and oid == after.file and earlier is None:
            found.append(Change(known.name, "CREATE"))
        elif after.file in created and not catalogs & {"pg_attribute"}:
            found.append(Change(known.name, "TRUNCATE"))
        elif earlier is None and after.file is None:
            found.append(Change(known.name, "CREATE"))
        else:
            found.append(Change(known.name, "ALTER"))
    files = {one.file for one in before.values()}
    # Made by a fixture and dropped by the test: nothing knows its name any more.
    if dropped - created - files - {one.file for one in now.values()} and not found:
        found.append(Change("a table that a fixture made", "DROP or TRUNCATE"))
    # One that belongs to a table goes with it, and needn't be named.
    return found or sequences
