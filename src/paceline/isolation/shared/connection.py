"""The DBAPI connection that each checkout gets: one of many on the physical one, each with its own state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.blocks import TransactionBlock
from paceline.isolation.shared.callers import current_place
from paceline.isolation.shared.cursor import JoinedCursor
from paceline.isolation.shared.marks import CLONE, marked
from paceline.isolation.shared.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.isolation.shared.channel import Channel

#: What asyncpg's adapter and psycopg2 call it.
_AUTOCOMMIT = frozenset({"autocommit", 0})

#: What drivers can do that the books wouldn't notice.
_UNKNOWN = {"pipeline": "a pipeline", "reset": "reset()", "lobject": "a large object"}


_OWN = frozenset({"_connection", "driver_connection"})


class DriversOwn:
    """The asyncio connection below SQLAlchemy's: it has a loop of its own and would go past the books."""

    def __init__(self, own: Any) -> None:
        """Hide `own`."""
        self._own = own

    def __getattr__(self, name: str) -> Any:
        """Tell whether it's there, which is all that SQLAlchemy asks."""
        if name in {"is_closed", "closed"}:
            return getattr(self._own, name)
        raise refused(f"{name} of the driver's own asyncio connection")


class _Token:
    """Stands for one transaction of one connection."""

    __slots__ = ()


class Source(Protocol):
    """Where a connection comes from."""

    channel: Channel

    def ensure(self) -> None:
        """Make sure that the physical connection is there and may be used."""
        ...

    def connect_apart(self) -> Any:
        """Return a connection of the engine's own, in AUTOCOMMIT mode."""
        ...


class JoinedConnection:
    """Looks like the driver's connection; its transactions are savepoints of the shared one."""

    def __init__(self, source: Source, *, autocommit: bool) -> None:
        """Join the channel of `source`; with `autocommit` each statement is a transaction."""
        self.channel = source.channel
        self._source = source
        self._token: _Token | None = None
        self.is_autocommit = autocommit
        self.isolation_level: Any = None
        self.read_only: Any = None
        self.readonly: Any = None
        self.deferrable: Any = None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The driver's own class: extensions of drivers look before they touch."""
        return cast("Any", type(self.channel.real))

    def __getattr__(self, name: str) -> Any:
        """Whatever isn't about transactions is the driver's own."""
        if what := _UNKNOWN.get(name) or ("two-phase commit" if name.startswith("tpc_") else ""):
            raise refused(what)
        found = getattr(self.channel.real, name)
        return DriversOwn(found) if self.channel.awaits and name in _OWN else found

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._token is not None

    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> TransactionBlock:
        """Return a block, as psycopg's connections do."""
        return TransactionBlock(self, savepoint_name, force_rollback=force_rollback)

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

    def __del__(self) -> None:
        """Undo what nobody will commit any more: SQLAlchemy just drops the connections of some drivers."""
        if self._token is not None:
            self.close()

    @property
    def autocommit(self) -> Any:
        """Whether each statement is a transaction."""
        return self.is_autocommit

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        self.is_autocommit = bool(value)

    def set_isolation_level(self, level: Any) -> None:
        """Remember it: the level of a transaction that has begun can't be changed."""
        if self.channel.driver != "psycopg_async":
            # psycopg has another method for that.
            self.is_autocommit = level in _AUTOCOMMIT
        self.isolation_level = level

    def set_autocommit(self, value: bool) -> None:
        """Emulate it: each statement becomes a transaction."""
        self.is_autocommit = value

    def set_read_only(self, value: Any) -> None:
        """Remember it."""
        self.read_only = value

    def set_deferrable(self, value: Any) -> None:
        """Remember it."""
        self.deferrable = value

    def set_session(self, *, autocommit: bool | None = None, isolation_level: Any = None, **_: Any) -> None:
        """Remember it, as psycopg2's."""
        if autocommit is not None:
            self.is_autocommit = autocommit
        self.isolation_level = isolation_level

    def ping(self, *_: Any, **__: Any) -> None:
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
            raise refused(statement.refused, commits=statement.commits)
        channel = self.channel
        if statement.control and statement.control != "characteristics":
            return self._control(statement, send)
        if self._token is not None:
            token = self._token
            return channel.run(lambda: channel.execute(token, statement, send))
        token = _Token()
        place = current_place()
        self._source.ensure()
        if self.is_autocommit:
            return channel.run(lambda: channel.execute_alone(token, place, statement, send), begins=token)
        return self._first(token, lambda: channel.execute_first(token, place, statement, send))

    def begin_transaction(self) -> None:
        """Begin a transaction that the application asks for in so many words."""
        token = _Token()
        place = current_place()
        self._source.ensure()
        self._first(token, lambda: self.channel.begin(token, place))

    def perform_apart(self, method: str, sql: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Send something that isn't about the tests' database on a connection of its own."""

        def apart() -> None:
            connection = self._source.connect_apart()
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
            self._source.ensure()

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


def refused(what: str, *, commits: bool = False) -> SharedTransactionError:
    """Return the error for a command that isn't sent, be it because the database `commits`."""
    clone = marked(CLONE)
    if commits:
        return SharedTransactionError(
            f"{what} makes the database commit, which would end the transaction that isolates the test; "
            f"nothing was sent ({current_place()})",
            hint=f"Mark the test {clone}, or do it where the database is prepared.",
        )
    return SharedTransactionError(
        f"{what} can't be carried out inside the transaction that isolates the test; nothing was sent "
        f"({current_place()})",
        hint=f"Use the commit() and rollback() of SQLAlchemy, which are emulated, or mark the test {clone}.",
    )
