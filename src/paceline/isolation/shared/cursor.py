"""The DBAPI cursor of a joined connection: what it executes goes through the books."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from paceline.isolation.shared.statements import Statement, read_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paceline.isolation.shared.connection import JoinedConnection


class JoinedCursor:
    """Looks like the driver's cursor; what it executes goes through the books."""

    __slots__ = ("__weakref__", "_args", "_connection", "_options", "_real")
    _real: Any
    _connection: JoinedConnection

    def __init__(self, connection: JoinedConnection, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Make the driver's cursor when it's first needed."""
        set_own = super().__setattr__
        set_own("_connection", connection)
        set_own("_args", args)
        set_own("_options", options)
        set_own("_real", None)

    def __getattr__(self, name: str) -> Any:
        """Whatever isn't about execution is the driver's own."""
        found = getattr(self._cursor(), name)
        if name.startswith("fetch") and self._connection.channel.must_queue and self._is_server_side:
            return partial(self._connection.channel.call, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        """Pass it on: SQLAlchemy and applications set options."""
        setattr(self._cursor(), name, value)

    @property
    def connection(self) -> JoinedConnection:
        """The connection, not the physical one."""
        return self._connection

    def execute(self, statement: Any, *args: Any, **options: Any) -> JoinedCursor:
        """Execute `statement`."""
        self._perform("execute", statement, args, options)
        return self

    def executemany(self, statement: Any, *args: Any, **options: Any) -> JoinedCursor:
        """Execute `statement` many times."""
        self._perform("executemany", statement, args, options)
        return self

    def copy(self, statement: Any, *args: Any, **options: Any) -> Any:
        """Copy, as psycopg's cursors can."""
        return self._perform("copy", statement, args, options)

    def callproc(self, name: Any, *args: Any, **options: Any) -> Any:
        """Call a procedure, as psycopg2's cursors can."""
        return self._perform("callproc", name, args, options)

    def copy_expert(self, statement: Any, *args: Any, **options: Any) -> Any:
        """Copy, as psycopg2's cursors can."""
        return self._perform("copy_expert", statement, args, options)

    def copy_from(self, *args: Any, **options: Any) -> Any:
        """Copy, as psycopg2's cursors can."""
        return self._connection.perform(Statement(), lambda: self._cursor().copy_from(*args, **options))

    def copy_to(self, *args: Any, **options: Any) -> Any:
        """Copy, as psycopg2's cursors can."""
        reading = Statement(reads=True)
        return self._connection.perform(reading, lambda: self._cursor().copy_to(*args, **options))

    def stream(self, statement: Any, *args: Any, **options: Any) -> Iterator[Any]:
        """Yield rows, as psycopg's cursors can, but when all have come."""
        return iter(self._perform("stream", statement, args, options))

    def close(self) -> None:
        """Close the driver's cursor."""
        real = self._real
        if real is None:
            return
        channel = self._connection.channel
        if not channel.must_queue:
            real.close()
        elif self._is_server_side:
            channel.call(real.close)

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks for it when a result is passed on; the rows are all here by then."""

    def __enter__(self) -> Self:
        """Do as all cursors do."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows."""
        return iter(self._cursor())

    @property
    def _is_server_side(self) -> bool:
        # Whoever wants one names it; the rows of others have all been fetched.
        return bool(self._args or self._options)

    def _cursor(self) -> Any:
        if self._real is None:
            channel = self._connection.channel
            real = channel.real
            made = channel.call(lambda: real.cursor(*self._args, **self._options))
            super().__setattr__("_real", made)
        return self._real

    def _perform(self, method: str, sql: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        words = self._connection.channel.words
        statement = read_statement(sql, words.grammar)
        if statement.control == "characteristics":
            sql, args = words.no_characteristics, ()

        if statement.about_server and self._connection.is_autocommit:
            return self._connection.perform_apart(method, sql, args, options)

        def send() -> Any:
            result = getattr(self._cursor(), method)(sql, *args, **options)
            return list(result) if method == "stream" else result

        return self._carry_out(statement, sql, send)

    def _carry_out(self, statement: Statement, sql: Any, send: Callable[[], Any]) -> Any:
        return self._connection.perform(statement, send)
