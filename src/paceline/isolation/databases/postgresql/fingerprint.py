"""The content of one PostgreSQL database in few numbers: for servers whose log can't be read.

It grows with tables and rows, so it's taken only when something on the server did commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

# Neither system tables nor temporary ones; views and their like have no rows, but a definition.
_RELATIONS: LiteralString = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind = ANY('{r,m}'), c.xmin::text || '/' || c.relfilenode,
       (SELECT count(*) || '/' || coalesce(max(a.xmin::text::bigint), 0) FROM pg_attribute a
        WHERE a.attrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY('{r,p,v,m,f}') AND c.relpersistence <> 't'
      AND has_table_privilege(c.oid, 'SELECT')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_UNLOGGED: LiteralString = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'u'
"""
_OBJECTS: LiteralString = """
SELECT 'functions', count(*), max(xmin::text::bigint) FROM pg_proc
UNION ALL SELECT 'types', count(*), max(xmin::text::bigint) FROM pg_type WHERE typrelid = 0 AND typelem = 0
UNION ALL SELECT 'enumerations', count(*), max(xmin::text::bigint) FROM pg_enum
UNION ALL SELECT 'schemas', count(*), max(xmin::text::bigint) FROM pg_namespace
          WHERE nspname !~ '^pg_(toast_)?temp_'
UNION ALL SELECT 'extensions', count(*), max(xmin::text::bigint) FROM pg_extension
UNION ALL SELECT 'indexes', count(*), max(i.xmin::text::bigint) FROM pg_index i
          JOIN pg_class c ON c.oid = i.indrelid WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
UNION ALL SELECT 'triggers', count(*), max(xmin::text::bigint) FROM pg_trigger
UNION ALL SELECT 'rules and policies', (SELECT count(*) FROM pg_rewrite) + count(*),
                 max(xmin::text::bigint) FROM pg_policy
UNION ALL SELECT 'comments', count(*), max(xmin::text::bigint) FROM pg_description
"""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a database holds.

    Attributes:
        relations: name and definition of each table and its like, by oid.
        rows: number of rows and newest transaction among them, by oid.
        objects: number and newest transaction of what else a schema consists of, by kind.
    """

    relations: dict[int, tuple[str, str, str]]
    rows: dict[int, tuple[int, int]]
    objects: dict[str, tuple[int, int]]

    def changed_to(self, now: Fingerprint) -> Iterator[tuple[str, str, int | None]]:
        """Yield object, operation and number of rows of each difference."""
        for oid in self.relations.keys() | now.relations.keys():
            before, after = self.relations.get(oid), now.relations.get(oid)
            if before is None and after is not None:
                yield after[0], "CREATE", None
            elif after is None and before is not None:
                yield before[0], "DROP", None
            elif before is not None and after is not None:
                yield from self._rows_changed(oid, before, after, now)
        # What belongs to a table comes and goes with it.
        if self.relations.keys() == now.relations.keys():
            for kind, found in now.objects.items():
                if found != self.objects.get(kind):
                    yield f"the schema ({kind})", "change", None

    def _rows_changed(
        self, oid: int, before: tuple[str, str, str], after: tuple[str, str, str], now: Fingerprint
    ) -> Iterator[tuple[str, str, int | None]]:
        name = after[0]
        if before[2] != after[2]:
            yield name, "ALTER", None
        (count, newest), (count_now, newest_now) = self.rows.get(oid, (0, 0)), now.rows.get(oid, (0, 0))
        if before[1] != after[1] and before[2] == after[2] and not count_now:
            yield name, "TRUNCATE", None
        elif count_now > count:
            yield name, "INSERT", count_now - count
        elif count_now < count:
            yield name, "DELETE", count - count_now
        elif newest != newest_now:
            yield name, "UPDATE or INSERT and DELETE", None


def fingerprint(connection: Connection) -> Fingerprint:
    """Return the fingerprint of the database that `connection` goes to."""
    from psycopg import sql

    relations: dict[int, tuple[str, str, str]] = {}
    queries: list[sql.Composed] = []
    for oid, schema, name, has_rows, definition, columns in connection.execute(_RELATIONS).fetchall():
        shown = str(name) if schema == "public" else f"{schema}.{name}"
        relations[int(str(oid))] = (shown, str(definition), str(columns))
        if has_rows:
            query = "SELECT {}, count(*), coalesce(max(xmin::text::bigint), 0) FROM {}"
            queries.append(sql.SQL(query).format(sql.Literal(oid), sql.Identifier(str(schema), str(name))))
    rows = connection.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall() if queries else []
    objects = connection.execute(_OBJECTS).fetchall()
    return Fingerprint(
        relations,
        {int(str(oid)): (int(str(count)), int(str(newest))) for oid, count, newest in rows},
        {str(kind): (int(str(count)), int(str(newest or 0))) for kind, count, newest in objects},
    )


def has_unlogged(own: Connection) -> bool:
    """Tell whether there are tables of which the log of a server knows nothing."""
    return bool(own.execute(_UNLOGGED).rowcount)


def unlogged_changes(
    own: Connection, template: Connection | None, xids: frozenset[int]
) -> Iterator[tuple[str, str, int | None]]:
    """Yield object, operation and number of rows for tables of which the log of a server knows nothing.

    Args:
        own: connection to the database in question.
        template: connection to the one that it was copied from.
        xids: transactions that committed.
    """
    from psycopg import sql

    tables = {(str(schema), str(name)) for schema, name in own.execute(_UNLOGGED).fetchall()}
    if not tables:
        return
    copied = set(template.execute(_UNLOGGED).fetchall()) if template else set[tuple[object, ...]]()
    for table in sorted(tables):
        rows = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table))
        written = rows + sql.SQL(" WHERE xmin = ANY(%s::xid[])")
        shown = table[1] if table[0] == "public" else ".".join(table)
        if new := _number(own.execute(written, [[str(xid & 0xFFFFFFFF) for xid in xids]]).fetchone()):
            yield shown, "INSERT or UPDATE", new
        elif template and table in copied:
            gone = _number(template.execute(rows).fetchone()) - _number(own.execute(rows).fetchone())
            if gone > 0:
                yield shown, "DELETE", gone


def _number(row: tuple[object, ...] | None) -> int:
    return int(str(row[0])) if row else 0
