"""What the shared transaction says to SQLite, and what its drivers need.

Python's driver begins a transaction by itself, but only before INSERT, UPDATE, DELETE and REPLACE; every
other statement outside of a transaction is one of its own. Here nothing is left to the driver: it's told to
begin nothing, BEGIN is really sent, and what the driver would have done is done to the application's
transactions.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paceline.errors import SharedTransactionError
from paceline.isolation.databases.sqlite.connection import JoinedSqlite
from paceline.isolation.shared.guest import Guest
from paceline.isolation.shared.marks import CLONE, marked
from paceline.isolation.shared.statements import Grammar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from paceline.isolation.shared.connection import JoinedConnection, Source
    from paceline.isolation.shared.words import Check, Voice

_OUTER = "paceline_test"
_IGNORED_CASE = re.IGNORECASE
#: Settings that SQLite ignores or refuses inside a transaction.
_FIXED = (
    "foreign_keys|journal_mode|synchronous|locking_mode|auto_vacuum|encoding|page_size|wal_checkpoint"
    "|schema_version"
)
GRAMMAR = Grammar(
    opaque=re.compile(
        r"""--[^\n]* | /\*.*?\*/ | '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]""",
        re.DOTALL | re.VERBOSE,
    ),
    begins=re.compile(r"BEGIN(\s+(DEFERRED|IMMEDIATE|EXCLUSIVE))?(\s+TRANSACTION)?\s*$", _IGNORED_CASE),
    refused=(
        re.compile(r"(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|VACUUM|ATTACH|DETACH)\b", _IGNORED_CASE),
        re.compile(rf"PRAGMA\s+(\w+\.)?({_FIXED})\s*[=(]", _IGNORED_CASE),
        re.compile(r"(INSERT|UPDATE)\s+OR\s+ROLLBACK\b", _IGNORED_CASE),
    ),
    # There is no such statement: nothing begins with the end.
    characteristics=re.compile(r"\Z."),
    reading=re.compile(r"(SELECT|VALUES|EXPLAIN|PRAGMA|WITH)\b", _IGNORED_CASE),
    writing=re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE\s+INTO)\b|PRAGMA.*=", _IGNORED_CASE | re.DOTALL),
    schema=re.compile(r"(CREATE|ALTER|DROP|PRAGMA)\b", _IGNORED_CASE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How the driver of an engine would deal with transactions.

    Attributes:
        begins: it begins one before a statement that changes rows.
        always: there is always one.
    """

    begins: bool
    always: bool


class SqliteWords:
    """SQLite's."""

    drivers = frozenset({"pysqlite", "aiosqlite"})
    asyncio = frozenset({"aiosqlite"})
    aborts = False
    early = True
    grammar = GRAMMAR
    bridge = None
    parting = None
    no_characteristics = "SELECT 1"

    def target(self, url: URL) -> tuple[object, object] | None:
        """Return the file, or None where a `creator` may open any."""
        name = url.database or ""
        if not name or name == ":memory:":
            return None
        if name.startswith("file:"):
            return "", (name, url.query.get("vfs"), url.query.get("mode"))
        return "", str(Path(name).resolve())

    def identify(self, ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
        """Return the file, or nothing for a database in memory that only its connection sees."""
        rows = ask("PRAGMA database_list")
        return next((str(row[2]) for row in rows if row[1] == "main"), "")

    def is_closed(self, voice: Voice) -> bool:
        """Look at the driver's connection."""
        raw = _raw(voice)
        if raw is None:
            return True
        try:
            raw.in_transaction  # noqa: B018 - raises
            raw.total_changes  # noqa: B018 - raises
        except sqlite3.ProgrammingError:
            return True
        return False

    def take_over(self, voice: Voice) -> Mode:
        """Keep the driver from beginning and ending transactions."""
        raw = _raw(voice)
        mode = _mode(raw)
        _silence(raw)
        return mode

    def shielded(self, voice: Voice) -> AbstractContextManager[None]:
        """Do nothing: listeners get a guest."""
        return nullcontext()

    def greet(self, voice: Voice, connect: Callable[[], Any], listen: Callable[[Any], None]) -> Mode:
        """Let listeners set the connection up, and check that they could.

        Raises:
            SharedTransactionError: they want foreign keys to be checked, and the transaction has begun.
        """
        record = connect()
        own = record.dbapi_connection
        try:
            mode = _mode(_raw_of(own, awaits=voice.awaits))
            wanted = _asked(own, "PRAGMA foreign_keys")
        finally:
            record.close()
        listen(Guest(voice.real))
        # Once somebody has them checked, they are for all: a violation too many is told, one too few isn't.
        if wanted and not _asked(voice.real, "PRAGMA foreign_keys"):
            if _raw(voice).in_transaction:
                raise SharedTransactionError(
                    "an engine was made during the test that checks foreign keys, unlike those before it; "
                    "SQLite can't change that inside a transaction",
                    hint=f"Make the engine before the test, or mark the test {marked(CLONE)}.",
                )
            voice.send(("PRAGMA foreign_keys = ON",))
        return mode

    def joined(self, source: Source, mode: Mode, *, autocommit: bool) -> JoinedConnection:
        """Return one that begins its transactions where the driver would."""
        return JoinedSqlite(source, begins=mode.begins, always=mode.always, autocommit=autocommit)

    def opening(self, driver: str) -> tuple[str, ...]:
        """Begin."""
        return ("BEGIN", f"SAVEPOINT {_OUTER}")

    def send(self, voice: Voice, sql: tuple[str, ...]) -> None:
        """Send one after the other: the driver takes no more."""
        for statement in sql:
            cursor = voice.real.cursor()
            try:
                cursor.execute(statement)
            finally:
                cursor.close()

    def roll_back(self, voice: Voice) -> None:
        """Roll back.

        Raises:
            sqlite3.OperationalError: there was no transaction any more.
        """
        try:
            voice.send((f"ROLLBACK TO SAVEPOINT {_OUTER}",))
        finally:
            if _raw(voice).in_transaction:
                voice.send(("ROLLBACK",))

    def forget(self, voice: Voice) -> bool:
        """Give up: what the connection knows of settings and temporary tables is not for the next test."""
        return False

    def fail(self, voice: Voice) -> None:
        """Do nothing: an error undoes its own statement only."""

    def constraints(self) -> Check:
        """Return a check of deferred foreign keys."""
        return ForeignKeys()

    def ended_by(self, voice: Voice, error: BaseException) -> bool:
        """Tell whether SQLite has rolled back everything, as ON CONFLICT ROLLBACK or a full disk make it."""
        return not _raw(voice).in_transaction


class ForeignKeys:
    """Deferred foreign keys: SQLite checks them when the outermost transaction commits, and only then."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._deferred: bool | None = None

    def forget(self) -> None:
        """Ask again: another test begins."""
        self._deferred = None

    note_change = note_rollback = forget

    def check(self, voice: Voice) -> None:
        """Look for rows that refer to nothing.

        Raises:
            sqlite3.IntegrityError: there are some.
        """
        if self._deferred is None:
            ask = voice.ask
            deferred = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%INITIALLY DEFERRED%' LIMIT 1"
            self._deferred = bool(ask("PRAGMA foreign_keys")[0][0]) and (
                bool(ask(deferred)) or bool(ask("PRAGMA defer_foreign_keys")[0][0])
            )
        if self._deferred and voice.ask("PRAGMA foreign_key_check"):
            raise sqlite3.IntegrityError("FOREIGN KEY constraint failed")


def _raw(voice: Voice) -> Any:
    return _raw_of(voice.real, awaits=voice.awaits)


def _raw_of(connection: Any, *, awaits: bool) -> Any:
    # aiosqlite's connection holds the standard library's, which is all that knows about transactions.
    return connection.driver_connection._connection if awaits else connection


def _mode(raw: Any) -> Mode:
    # Python 3.12 has a second way to say it; -1 stands for the first.
    autocommit = getattr(raw, "autocommit", -1)
    if autocommit == -1:
        return Mode(begins=raw.isolation_level is not None, always=False)
    return Mode(begins=not autocommit, always=not autocommit)


def _silence(raw: Any) -> None:
    if getattr(raw, "autocommit", -1) == -1:
        raw.isolation_level = None
    else:
        raw.autocommit = True


def _asked(connection: Any, sql: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchall()[0][0]
    finally:
        cursor.close()
