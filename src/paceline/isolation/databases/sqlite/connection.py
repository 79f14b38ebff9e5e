"""What an engine gets instead of a connection to SQLite, with the habits of Python's driver."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any, cast

from paceline.isolation.shared.connection import JoinedConnection
from paceline.isolation.shared.cursor import JoinedCursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paceline.isolation.shared.connection import Source
    from paceline.isolation.shared.statements import Statement

_CHANGES_ROWS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE | re.DOTALL
)

_ENDING = re.compile(r"\s*(COMMIT|END|ROLLBACK)(\s+TRANSACTION)?\s*;?\s*$", re.IGNORECASE)


class JoinedSqlite(JoinedConnection):
    """Begins a transaction where the driver would, and executes alone what the driver executes alone."""

    def __init__(self, source: Source, *, begins: bool, always: bool, autocommit: bool) -> None:
        """Join the channel of `source`.

        Args:
            source: where it comes from.
            begins: the driver begins a transaction before a statement that changes rows.
            always: it begins one before any statement.
            autocommit: it begins none.
        """
        self._always = always
        super().__init__(source, autocommit=autocommit)
        self.is_autocommit = autocommit or not begins
        self._level: Any = None if self.is_autocommit else ""
        #: The savepoint that stands for the whole transaction, because nothing had begun one.
        self._savepoint = ""

    @property
    def isolation_level(self) -> Any:
        """What the driver begins transactions with; None: it begins none."""
        return self._level

    @isolation_level.setter
    def isolation_level(self, level: Any) -> None:
        self._level = level
        self.is_autocommit = level is None
        if level is None:
            # The driver does so.
            self.commit()

    @property
    def in_transaction(self) -> bool:
        """Whether the application would be in one."""
        return self._token is not None

    def cursor(self, *args: Any, **options: Any) -> JoinedCursor:
        """Return a cursor; nothing is sent."""
        return _Cursor(self, args, options)

    def executemany(self, statement: Any, *args: Any) -> JoinedCursor:
        """Execute, as the driver's connections can."""
        return self.cursor().executemany(statement, *args)

    def executescript(self, script: str) -> JoinedCursor:
        """Execute a script, as the driver's connections can."""
        cursor = _Cursor(self, (), {})
        cursor.executescript(script)
        return cursor

    def is_alone(self, sql: object) -> bool:
        """Tell whether the driver would begin no transaction for `sql`."""
        if self.is_autocommit or self._token is not None:
            return self.is_autocommit
        return not self._always and not (isinstance(sql, str) and _CHANGES_ROWS.match(sql))

    def perform(self, statement: Statement, send: Callable[[], Any], *, alone: bool = True) -> Any:
        """Carry out `send`; `alone` if the driver begins no transaction for it."""
        begun = self._token is None
        if statement.control == "begin":
            if begun:
                self.begin_transaction()
                return None
            return self.channel.call(send)
        before, self.is_autocommit = self.is_autocommit, alone and begun
        try:
            result = super().perform(statement, send)
        finally:
            self.is_autocommit = before
        if statement.control == "savepoint" and begun and not self._always:
            self._savepoint = statement.name
        elif statement.control == "release" and statement.name == self._savepoint:
            # Releasing the outermost savepoint is a commit.
            self.commit()
        return result

    def commit(self) -> None:
        """Keep what was done since the last commit."""
        self._savepoint = ""
        super().commit()

    def rollback(self) -> None:
        """Undo what was done since the last commit."""
        self._savepoint = ""
        super().rollback()

    def close(self) -> None:
        """Give the connection back, which undoes what was not committed."""
        self._savepoint = ""
        super().close()

    terminate = close


class _Cursor(JoinedCursor):
    __slots__ = ()

    @property
    def _sqlite(self) -> JoinedSqlite:
        return cast("JoinedSqlite", self._connection)

    def executescript(self, script: str) -> JoinedCursor:
        """Execute the statements of `script` one by one, after a commit; the driver begins nothing then."""
        connection = self._sqlite
        connection.commit()
        before, connection.is_autocommit = connection.is_autocommit, True
        try:
            for statement in _statements(script):
                # What `.dump` has written brings a transaction of its own.
                ending = _ENDING.match(statement)
                if ending is None:
                    self._perform("execute", statement, (), {})
                elif ending[1].upper() == "ROLLBACK":
                    connection.rollback()
                else:
                    connection.commit()
        finally:
            connection.is_autocommit = before
        return self

    def _carry_out(self, statement: Statement, sql: Any, send: Callable[[], Any]) -> Any:
        return self._sqlite.perform(statement, send, alone=self._sqlite.is_alone(sql))


def _statements(script: str) -> Iterator[str]:
    """Cut a script where SQLite would."""
    text = ""
    for part in re.split(r"(?<=;)", script):
        text += part
        if sqlite3.complete_statement(text):
            yield text
            text = ""
    if text.strip():
        yield text
