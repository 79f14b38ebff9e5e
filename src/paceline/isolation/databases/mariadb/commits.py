"""Find what a test left in a database of MariaDB: the binary log holds what was committed, nothing else."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Protocol

from paceline.errors import LeakError
from paceline.isolation.databases import mariadb
from paceline.isolation.databases.mariadb import identifier
from paceline.isolation.pools import forget_connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paceline.isolation.provisioning import Provisioning

_SHOWN = 10
_HINT = (
    "Something that the test ran committed outside of its transaction, or changed a table whose engine "
    "has no transactions: let it use integration_session and InnoDB, or give the test a database of its own "
    'with @pytest.mark.{marker}(isolation="clone"). The database has been restored for the next test.'
)
_EVENTS = {"Write_rows": "INSERT", "Update_rows": "UPDATE", "Delete_rows": "DELETE"}
_TABLE = re.compile(r"table_id: (\d+) \((.+?)\.(.+)\)")
_ROWS = re.compile(r"table_id: (\d+)")
_STATEMENT = re.compile(r"(?:use `((?:[^`]|``)+)`; )?\s*(.*)", re.DOTALL)
_OBJECT = re.compile(
    r"(?:INTO|UPDATE|FROM|TABLE|VIEW|INDEX|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE)\s+"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?((?:`[^`]+`|\w+)(?:\.(?:`[^`]+`|\w+))?)",
    re.IGNORECASE,
)

#: File of the log, and position in it.
Moment = tuple[str, int]


class _Witness(Protocol):
    def now(self, cursor: Any) -> Any: ...
    def changes(self, cursor: Any, before: Any, after: Any) -> Iterator[tuple[Any, str]]: ...


class _Log:
    """Exact: everything that was committed, and what was written to tables without transactions."""

    def __init__(self, database: str) -> None:
        self._database = database

    def now(self, cursor: Any) -> Moment:
        cursor.execute("SHOW MASTER STATUS")
        row = cursor.fetchone()
        return str(row[0]), int(row[1])

    def changes(self, cursor: Any, before: Moment, after: Moment) -> Iterator[tuple[Moment, str]]:
        cursor.execute("SHOW BINARY LOGS")
        files = [str(row[0]) for row in cursor.fetchall()]
        for file in (each for each in files if before[0] <= each <= after[0]):
            start = f" FROM {before[1]}" if file == before[0] else ""
            cursor.execute(f"SHOW BINLOG EVENTS IN '{file}'{start}")
            tables: dict[str, tuple[str, str]] = {}
            for _, position, kind, _, _, info in cursor.fetchall():
                if (file, position) >= after:
                    return
                yield from ((((file, position)), told) for told in self._read(str(kind), str(info), tables))

    def _read(self, kind: str, info: str, tables: dict[str, tuple[str, str]]) -> Iterator[str]:
        if kind == "Table_map" and (found := _TABLE.match(info)):
            tables[found[1]] = (found[2], found[3])
        elif (word := _EVENTS.get(kind.partition("_v")[0])) and (found := _ROWS.match(info)):
            database, table = tables.get(found[1], ("", ""))
            if database == self._database:
                yield f"{table} ({word})"
        elif kind == "Query" and (found := _STATEMENT.match(info)):
            text = re.sub(r"/\*.*?\*/", " ", found[2], flags=re.DOTALL).strip()
            word = text.split(None, 1)[0].upper() if text else ""
            ours = found[1] == self._database or identifier(self._database) in text
            if ours and word not in {"", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "XA"}:
                what = _OBJECT.search(text)
                yield f"{what[1].replace('`', '') if what else 'the schema'} ({word})"


class _Checksums:
    """For somebody else's server without a log that we may read: all rows of all tables, before and after."""

    def __init__(self, database: str) -> None:
        self._database = database

    def now(self, cursor: Any) -> dict[str, str]:
        cursor.execute(f"SHOW FULL TABLES FROM {identifier(self._database)} WHERE table_type <> 'VIEW'")
        tables = [str(row[0]) for row in cursor.fetchall()]
        found: dict[str, str] = {}
        for table in tables:
            full = f"{identifier(self._database)}.{identifier(table)}"
            cursor.execute(f"SHOW CREATE TABLE {full}")
            # A counter that moved is no row that stayed.
            text = re.sub(r" AUTO_INCREMENT=\d+", "", str(cursor.fetchone()[1]))
            cursor.execute(f"CHECKSUM TABLE {full}")
            found[table] = f"{hashlib.sha256(text.encode()).hexdigest()}/{cursor.fetchone()[1]}"
        return found

    def changes(
        self, cursor: Any, before: dict[str, str], after: dict[str, str]
    ) -> Iterator[tuple[Moment, str]]:
        for table in sorted(before.keys() | after.keys()):
            if before.get(table) != after.get(table):
                word = (
                    "change" if table in before and table in after else "CREATE" if table in after else "DROP"
                )
                yield ("", 0), f"{table} ({word})"


class LogAudit:
    """The audit of one process. Costs a round trip before and one after each test, where there is a log."""

    def __init__(self, provisioning: Provisioning) -> None:
        """Watch the database of `provisioning`, once it is there."""
        self._provisioning = provisioning
        self._connection: Any = None
        self._witness: _Witness | None = None
        self._before: Any = None
        self._spans: list[tuple[Any, Any]] = []

    def before(self) -> None:
        """Remember the state before a test."""
        self._spans.clear()
        self._before = self.now()

    def question(self) -> str:
        """Return none: it's asked apart."""
        return ""

    def answered(self, answer: tuple[str | None, ...]) -> None:
        """Nothing was asked."""

    def expect(self) -> None:
        """Remember the state before a test: a copy is made when it's needed."""
        self.before()

    def now(self) -> Any:
        """Return the present."""
        witness, cursor = self._opened()
        with cursor:
            return witness.now(cursor)

    def exclude(self, start: Any) -> bool:
        """Blame no test for what was committed from `start` until now; return whether anything was."""
        end = self.now()
        if end == start:
            return False
        if isinstance(end, dict):
            # Can't tell the fixture's work from what the test has done so far.
            self._before = self._before and end
        else:
            self._spans.append((start, end))
        return True

    def after(self, *, marker: str = "schema") -> LeakError | None:
        """Compare with the state before the test; return what it changed for good, if it did."""
        before, self._before = self._before, None
        if before is None:
            return None
        after = self.now()
        if after == before:
            return None
        witness, cursor = self._opened()
        with cursor:
            changes = list(
                dict.fromkeys(
                    told
                    for moment, told in witness.changes(cursor, before, after)
                    if not any(start <= moment < end for start, end in self._spans)
                )
            )
        if not changes:
            return None
        shown = changes[:_SHOWN] + ([f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else [])
        database = self._provisioning.place.url.name
        return LeakError(
            f"the test changed the database {database} for good: {', '.join(shown)}",
            hint=_HINT.format(marker=marker),
        )

    def changed(self) -> bool:
        """Tell whether the test, which may, changed it for good."""
        return self.after() is not None

    def take_back(self) -> bool:
        """Return False: tables are always made anew."""
        return False

    def settle(self) -> None:
        """End connections that a test may have left locks, settings or temporary tables on."""
        forget_connections(self._provisioning.place.url.name)

    def undo(self) -> None:
        """Give the next test the database as it was when it had been prepared."""
        self._provisioning.restore()

    def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._witness = None

    def _opened(self) -> tuple[_Witness, Any]:
        import pymysql

        place = self._provisioning.place
        if self._connection is None or not self._is_alive():
            self._connection = mariadb.connect(place.maintenance)
        if self._witness is None:
            self._witness = _Log(place.url.name)
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute("SHOW BINARY LOGS")
                    if not cursor.execute("SHOW MASTER STATUS"):
                        self._witness = _Checksums(place.url.name)
            except pymysql.Error:
                self._witness = _Checksums(place.url.name)
        return self._witness, self._connection.cursor()

    def _is_alive(self) -> bool:
        """Tell whether our connection is: a test may have ended all there are."""
        import pymysql

        try:
            self._connection.ping()
        except pymysql.Error:
            self._provisioning.check(within=0.3)
            return False
        return True
