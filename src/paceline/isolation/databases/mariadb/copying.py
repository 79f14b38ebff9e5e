"""Copy a database of MariaDB, which has no command for it, by the definitions that the server tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paceline.isolation.databases import mariadb
from paceline.isolation.databases.mariadb import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paceline.isolation.urls import DatabaseUrl

#: Kind, where its names are found, and the column of SHOW CREATE that holds the definition.
_ROUTINES = (
    ("FUNCTION", "routines WHERE routine_type = 'FUNCTION' AND routine_schema", "routine_name", 2),
    ("PROCEDURE", "routines WHERE routine_type = 'PROCEDURE' AND routine_schema", "routine_name", 2),
    ("TRIGGER", "triggers WHERE trigger_schema", "trigger_name", 2),
    ("EVENT", "events WHERE event_schema", "event_name", 3),
)
_NOT_STORED = ("VIRTUAL GENERATED", "STORED GENERATED", "PERSISTENT GENERATED")


class Copies:
    """Makes a fresh copy when one is asked for."""

    def __init__(self, maintenance: DatabaseUrl, template: str) -> None:
        """Copy `template`, from the database `maintenance` of its server."""
        self._maintenance = maintenance
        self._template = template

    def expect(self) -> None:
        """Do nothing: databases can't be renamed, so none can wait under another name."""

    def replace(self, name: str) -> None:
        """Put a fresh copy in the place of the database `name`, ending all connections to it.

        Raises:
            ProvisioningError: the server refuses.
        """
        mariadb.drop(self._maintenance, name)
        mariadb.copy(self._maintenance, self._template, name)

    def close(self) -> None:
        """Do nothing: nothing is held."""


def create_like(cursor: Any, source: str, target: str) -> None:
    """Create the empty database `target` with the character set and collation of `source`."""
    cursor.execute(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
        " WHERE schema_name = %s",
        [source],
    )
    # The server's own database is of another age than what is created in it.
    found = cursor.fetchone() if source != "mysql" else None
    like = f" CHARACTER SET {found[0]} COLLATE {found[1]}" if found else ""
    cursor.execute(f"CREATE DATABASE {identifier(target)}{like}")


def copy_database(cursor: Any, source: str, target: str) -> None:
    """Create the database `target` with everything that is in `source`."""
    create_like(cursor, source, target)
    cursor.execute("SET foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
    cursor.execute(f"USE {identifier(target)}")
    cursor.execute(f"SHOW FULL TABLES FROM {identifier(source)}")
    kinds = {str(row[0]): str(row[1]) for row in cursor.fetchall()}
    for table, kind in kinds.items():
        if kind == "SEQUENCE":
            _copy_sequence(cursor, source, table, target)
    tables = [table for table, kind in kinds.items() if kind not in {"VIEW", "SEQUENCE"}]
    for table in tables:
        cursor.execute(_definition(cursor, "TABLE", source, table, 1, target))
    for table in tables:
        columns = ", ".join(map(identifier, _columns(cursor, source, table)))
        if columns:
            rows = f"SELECT {columns} FROM {identifier(source)}.{identifier(table)}"  # noqa: S608 - quoted names
            cursor.execute(f"INSERT INTO {identifier(table)} ({columns}) {rows}")
    _copy_views(cursor, source, target, [table for table, kind in kinds.items() if kind == "VIEW"])
    for kind, place, column, index in _ROUTINES:
        found = f"SELECT {column} FROM information_schema.{place} = %s"  # noqa: S608 - our own words
        cursor.execute(found, [source])
        for routine in [str(row[0]) for row in cursor.fetchall()]:
            cursor.execute(_definition(cursor, kind, source, routine, index, target))
    cursor.execute("SET foreign_key_checks = DEFAULT, unique_checks = DEFAULT, sql_mode = DEFAULT")


def _definition(cursor: Any, kind: str, source: str, wanted: str, column: int, target: str) -> str:
    cursor.execute(f"SHOW CREATE {kind} {identifier(source)}.{identifier(wanted)}")
    # The server writes the database's name into views and defaults.
    return str(cursor.fetchone()[column]).replace(f"{identifier(source)}.", f"{identifier(target)}.")


def _columns(cursor: Any, source: str, table: str) -> Iterator[str]:
    cursor.execute(f"SHOW COLUMNS FROM {identifier(source)}.{identifier(table)}")
    return (str(row[0]) for row in cursor.fetchall() if not str(row[5]).upper().startswith(_NOT_STORED))


def _copy_sequence(cursor: Any, source: str, wanted: str, target: str) -> None:
    cursor.execute(_definition(cursor, "SEQUENCE", source, wanted, 1, target))
    cursor.execute(f"SELECT next_not_cached_value FROM {identifier(source)}.{identifier(wanted)}")  # noqa: S608 - quoted
    following = cursor.fetchone()[0]
    cursor.execute(f"SELECT SETVAL({identifier(wanted)}, {int(following)}, 0)")
    cursor.fetchall()


def _copy_views(cursor: Any, source: str, target: str, views: list[str]) -> None:
    import pymysql

    waiting = {view: _definition(cursor, "VIEW", source, view, 1, target) for view in views}
    while waiting:
        before = len(waiting)
        for view, definition in list(waiting.items()):
            try:
                cursor.execute(definition)
                del waiting[view]
            except pymysql.Error:
                # It may use one that comes later.
                if len(waiting) == before and view == list(waiting)[-1]:
                    raise
