"""The DBAPI connection that each checkout gets: one of many on the physical one, each with its own state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.callers import current_place
from paceline.isolation.shared.statements import Statement, read_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paceline.isolation.shared.channel import Channel

#: What asyncpg's adapter and psycopg2 call it.
_AUTOCOMMIT = frozenset({"autocommit", 0})


class _Token:
    """Stands for one transaction of one connection."""

    __slots__ = ()


class JoinedConnection:
    """Looks like the driver's connection; its transactions are savepoints of the shared one."""

    def __init__(self, channel: Channel, *, autocommit: bool, connect: Callable[[], Any]) -> None:
        """Join `channel`.

        Args:
            channel: what is shared.
            autocommit: each statement is a transaction, as the engine demands.
            connect: makes a connection of the engine's own, in AUTOCOMMIT mode.
        """
        self.channel = channel
        self._connect = connect
        self.autocommit = autocommit
        self.isolation_level: Any = None
        self.read_only: Any = None
        self.readonly: Any = None
        self.deferrable: Any = None
        self._token: _Token | None = None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The driver's own class: extensions of drivers look before they touch."""
        return cast("Any", type(self.channel.real))

    def __getattr__(self, name: str) -> Any:
        """Whatever isn't about transactions is the driver's own."""
        if name.startswith("tpc_"):
            raise _refused("two-phase commit")
        return getattr(self.channel.real, name)

    def cursor(self, *args: Any, **options: Any) -> JoinedCursor:
        """Return a cursor; nothing is sent."""
        return JoinedCursor(self, args, options)

    def execute(self, statement: Any, *args: Any, **options: Any) -> JoinedCursor:
        """Execute, as psycopg's connections can."""
        return self.cursor().execute(statement, *args, **options)

    def run_async(self, function: Callable[[Any], Any]) -> Any:
        """Await what `function` makes of the driver's connection, as SQLAlchemy's adapters do."""
        real = self.channel.real
        unknown = Statement(changes_schema=True)
        return self.perform(unknown, lambda: real.run_async(function))

    def commit(self) -> None:
        """Keep what was done since the last commit."""
        token, self._token = self._token, None
        if token is not None:
            self.channel.run(lambda: self.channel.commit(token))

    def rollback(self) -> None:
        """Undo what was done since the last commit."""
        token, self._token = self._token, None
        if token is not None:
            self.channel.run(lambda: self.channel.rollback(token))

    def close(self) -> None:
        """Give the connection back, which undoes what was not committed."""
        token, self._token = self._token, None
        if token is not None:
            self.channel.settle(lambda: self.channel.rollback(token))

    terminate = close

    def set_isolation_level(self, level: Any) -> None:
        """Remember it: the level of a transaction that has begun can't be changed."""
        if self.channel.driver != "psycopg_async":
            # psycopg has another method for that.
            self.autocommit = level in _AUTOCOMMIT
        self.isolation_level = level

    def set_autocommit(self, value: bool) -> None:
        """Emulate it: each statement becomes a transaction."""
        self.autocommit = value

    def set_read_only(self, value: Any) -> None:
        """Remember it."""
        self.read_only = value

    def set_deferrable(self, value: Any) -> None:
        """Remember it."""
        self.deferrable = value

    def set_session(self, *, autocommit: bool | None = None, isolation_level: Any = None, **_: Any) -> None:
        """Remember it, as psycopg2's."""
        if autocommit is not None:
            self.autocommit = autocommit
        self.isolation_level = isolation_level

    def ping(self) -> None:
        """The test would notice otherwise."""

    def __enter__(self) -> Self:
        """Do as psycopg's connections do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit or roll back."""
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def perform(self, statement: Statement, send: Callable[[], Any]) -> Any:
        """Carry out `send` as a statement of this connection."""
        if statement.refused:
            raise _refused(statement.refused)
        channel = self.channel
        if statement.control and statement.control != "characteristics":
            return self._control(statement, send)
        if self._token is not None:
            token = self._token
            return channel.run(lambda: channel.execute(token, statement, send))
        token = _Token()
        place = current_place()
        if self.autocommit:
            return channel.run(lambda: channel.execute_alone(token, place, statement, send), begins=token)
        return self._first(token, lambda: channel.execute_first(token, place, statement, send))

    def perform_apart(self, method: str, sql: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Send something that isn't about the tests' database on a connection of its own."""

        def apart() -> None:
            connection = self._connect()
            try:
                getattr(connection.cursor(), method)(sql, *args, **options)
            finally:
                connection.close()

        self.channel.call(apart)

    def _control(self, statement: Statement, send: Callable[[], Any]) -> Any:
        channel = self.channel
        if self._token is None:
            token = _Token()
            place = current_place()

            def begin() -> Any:
                channel.begin(token, place)
                return channel.savepoint(token, statement, send)

            return self._first(token, begin)
        token = self._token
        return channel.run(lambda: channel.savepoint(token, statement, send))

    def _first(self, token: _Token, work: Callable[[], Any]) -> Any:
        self._token = token
        try:
            return self.channel.run(work, begins=token)
        except BaseException:
            if not self.channel.is_open(token):
                self._token = None
            raise


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
        if name.startswith("fetch") and self._connection.channel.awaits and self._is_server_side:
            return partial(self._connection.channel.call_with, found)
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

    def close(self) -> None:
        """Close the driver's cursor."""
        real = self._real
        if real is None:
            return
        channel = self._connection.channel
        if not channel.awaits:
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
        statement = read_statement(sql)
        if statement.control == "characteristics":
            sql, args = "SET LOCAL paceline.ignored = ''", ()

        if statement.about_server and self._connection.autocommit:
            return self._connection.perform_apart(method, sql, args, options)

        def send() -> Any:
            return getattr(self._cursor(), method)(sql, *args, **options)

        return self._connection.perform(statement, send)


def _refused(what: str) -> SharedTransactionError:
    return SharedTransactionError(
        f"{what} can't be carried out inside the transaction that isolates the test; nothing was sent "
        f"({current_place()})",
        hint="Use the commit() and rollback() of SQLAlchemy, which are emulated, or mark the test "
        '@pytest.mark.schema(isolation="clone").',
    )
