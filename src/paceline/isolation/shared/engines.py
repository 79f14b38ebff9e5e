"""SQLAlchemy's engines: found, and lent a pool whose connections share one transaction.

Everything that rests on what SQLAlchemy doesn't promise is here, and checked before it is used: a pool that
makes its records itself, the dispatch of a pool's events, and where an engine keeps its pool.
"""

from __future__ import annotations

import gc
import inspect
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.engine import base as engine_base
from sqlalchemy.pool import NullPool, Pool, QueuePool
from sqlalchemy.pool import base as pool_base
from sqlalchemy.util import concurrency

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.wire import identify
from paceline.isolation.shared.worlds import LoopWorld, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paceline.isolation.shared.channel import Channel

# By name, so that one that is gone is told by check_assumptions().
_OptionEngine: Any = getattr(engine_base, "OptionEngine", None)
_ConnectionRecord: Any = getattr(pool_base, "_ConnectionRecord", None)


def check_assumptions() -> None:
    """Make sure that this SQLAlchemy is built as this file takes it to be.

    Raises:
        SharedTransactionError: it is not.
    """
    missing = [
        what
        for what, there in (
            ("_ConnectionRecord(pool, connect)", _arguments(_ConnectionRecord) == {"pool", "connect"}),
            ("_ConnectionRecord.get_connection", hasattr(_ConnectionRecord, "get_connection")),
            ("Pool._do_get", hasattr(Pool, "_do_get") and hasattr(Pool, "_do_return_conn")),
            ("Pool.dispatch", hasattr(Pool, "dispatch")),
            ("Pool._reset_on_return", "reset_on_return" in _arguments(Pool)),
            ("Engine(pool, dialect, url)", {"pool", "dialect", "url"} <= _arguments(Engine)),
            ("Dialect.engine_created", isinstance(vars(Dialect).get("engine_created"), classmethod)),
            ("OptionEngine.pool", isinstance(getattr(_OptionEngine, "pool", None), property)),
            (
                "greenlet_spawn",
                hasattr(concurrency, "greenlet_spawn") and hasattr(concurrency, "in_greenlet"),
            ),
            ("await_", hasattr(concurrency, "await_") or hasattr(concurrency, "await_only")),
        )
        if not there
    ]
    if missing:
        raise SharedTransactionError(
            f"the shared transaction doesn't know SQLAlchemy {sqlalchemy.__version__} "
            f"(it differs in {', '.join(missing)})",
            hint="Update pytest-paceline, or pin SQLAlchemy to 2.1 or 2.0.",
        )


def driver_of(engine: Engine) -> str:
    """Return the name by which an engine's channel is known."""
    name = engine.dialect.driver
    return f"{name}_async" if name == "psycopg" and engine.dialect.is_async else name


def loop_world() -> World:
    """Return a loop for asyncio drivers, where SQLAlchemy lets them await."""
    spawn: Any = concurrency.greenlet_spawn
    # Called await_only before 2.1.
    await_: Any = getattr(concurrency, "await_", None) or vars(concurrency)["await_only"]
    return LoopWorld(spawn, await_, concurrency.in_greenlet)


class Engines:
    """Every engine of the process: those that exist, and those that are made while it watches."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._known: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._original: Any = None
        self.on_new: Callable[[Engine], None] | None = None

    def __iter__(self) -> Iterator[Engine]:
        """Yield all that are still there."""
        return iter(list(self._known))

    def watch(self) -> None:
        """Find the engines that exist, and learn of each that is made from now on."""
        if self._original is not None:
            return
        # By type, not by isinstance: lazy objects of other libraries come to life when asked.
        found = [thing for thing in gc.get_objects() if issubclass(type(thing), Engine)]
        self._known.update(engine for engine in found if not isinstance(engine, _OptionEngine))
        self._original = original = Dialect.__dict__["engine_created"]
        engines = self

        def engine_created(dialect: type[Dialect], engine: Engine) -> None:
            original.__get__(None, dialect)(engine)
            engines._known.add(engine)
            if engines.on_new is not None:
                engines.on_new(engine)

        # Not the constructor: create_engine() reads its options from the signature.
        setattr(Dialect, "engine_created", classmethod(engine_created))  # noqa: B010 - type checkers allow no other

    def unwatch(self) -> None:
        """Leave SQLAlchemy as it was."""
        if self._original is not None:
            setattr(Dialect, "engine_created", self._original)  # noqa: B010 - as above
            self._original = None


#: Of this process, for all who look for engines.
ENGINES = Engines()


def repeat_set_up(engine: Engine, sql: str) -> bool:
    """Run `sql` on the idle connections of `engine`, then what sets up new ones; return whether it worked."""
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return False
    options = {"prepare": False} if engine.dialect.driver == "psycopg" else {}
    lent: list[Any] = []
    try:
        lent += [pool.connect() for _ in range(pool.checkedin())]
        for each in lent:
            connection = each.dbapi_connection
            cursor = connection.cursor()
            cursor.execute(sql, **options)
            cursor.close()
            dispatch: Any = pool.dispatch
            dispatch.connect(connection, each._connection_record)
            connection.commit()
    except Exception:  # noqa: BLE001 - every driver has its own class, and listeners may raise anything
        return False
    finally:
        for each in lent:
            each.close()
    return True


class SharedPool(NullPool):
    """Hands out any number of connections, all of them on the channel's physical one."""

    def __init__(self, own: Pool, engine: Engine, channel: Channel, doubt: Callable[[], str] | None) -> None:
        """Stand in for the engine's `own` pool.

        Args:
            own: the pool that the engine has outside of tests.
            engine: the engine.
            channel: what its connections share.
            doubt: given if the URL doesn't tell where the engine points; returns the identity of the tests'
                database.
        """
        super().__init__(
            own._creator,  # pyright: ignore[reportPrivateUsage]
            reset_on_return=own._reset_on_return,  # pyright: ignore[reportPrivateUsage]
            dialect=engine.dialect,
            echo=own.echo,
        )
        self.own = own
        self.channel = channel
        self._user = engine.url.username or ""
        self._greeted: tuple[object, int] = (None, 0)
        self._mode: Any = None
        self._doubt = doubt
        self._leads_elsewhere = False
        self._dialect_of_engine = engine.dialect
        # The very same listeners, also those that are added later.
        self.__dict__["dispatch"] = own.dispatch

    def __getattr__(self, name: str) -> Any:
        """Answer for the own pool: its size, for example."""
        return getattr(self.own, name)

    @property
    def is_certain(self) -> bool:
        """Whether it's known to lead to the tests' database."""
        return self._doubt is None and not self._leads_elsewhere

    def connect(self) -> Any:
        """Return a connection: one of the engine's own if it turns out to lead elsewhere."""
        if self._doubt is not None:
            self._leads_elsewhere = self._identify() != self._doubt()
            self._doubt = None
        return self.own.connect() if self._leads_elsewhere else super().connect()

    def _do_get(self) -> Any:
        self.ensure()
        record = _ConnectionRecord(self, connect=False)
        autocommit = getattr(self._dialect_of_engine, "_on_connect_isolation_level", None) == "AUTOCOMMIT"
        joined = self.channel.words.joined(self, self._mode, autocommit=autocommit)
        record.dbapi_connection = cast("Any", joined)
        record.fresh = True
        return record

    def _do_return_conn(self, record: Any) -> None:
        connection: Any = record.dbapi_connection
        if connection is not None:
            connection.close()

    def dispose(self) -> None:
        """Do nothing: the physical connection is everybody's."""
        if self._leads_elsewhere:
            self.own.dispose()

    def recreate(self) -> SharedPool:
        """Stay."""
        return self

    def ensure(self) -> None:
        """Make sure that the physical connection is there and set up for the engine."""
        channel = self.channel
        outer = channel.outer
        if not channel.serves(self._user):
            channel.adopt(lambda: self._undisturbed(self._connect).dbapi_connection, user=self._user)
            self._mode = channel.mode
        elif self._greeted not in ((channel.real, 0), (channel.real, outer.number)):
            # An engine's listeners set up its connections: types, codecs, a search path.
            own = partial(_ConnectionRecord, self.own)
            self._mode = channel.greet(own, lambda greeted: self._undisturbed(partial(self._greet, greeted)))
        else:
            return
        # What they set in the middle of a test is gone after it.
        self._greeted = (channel.real, outer.number if outer.is_open else 0)

    def _identify(self) -> str:
        record = _ConnectionRecord(self.own)
        try:
            return identify(self.channel.words, record.dbapi_connection)
        finally:
            record.close()

    def connect_apart(self) -> Any:
        """Return a connection of the engine's own, in AUTOCOMMIT mode."""
        connection: Any = _ConnectionRecord(self.own).dbapi_connection
        self._dialect_of_engine.set_isolation_level(connection, "AUTOCOMMIT")
        return connection

    def _connect(self) -> Any:
        """Return a record with a new connection, by way of the junction if there is one."""
        junction = self.channel.outer.junction
        if junction is None:
            return _ConnectionRecord(self.own)

        def by_way(dialect: Dialect, _: object, args: Sequence[Any], options: dict[str, Any]) -> Any:
            there = {"host": junction.folder, "port": junction.port}
            options = {name: value for name, value in options.items() if name != "hostaddr"}
            connection: Any = dialect.connect(*args, **(options | there))
            # The session may be in a transaction, which must not be ended.
            connection.autocommit = True
            return connection

        event.listen(self._dialect_of_engine, "do_connect", by_way)
        try:
            return _ConnectionRecord(self.own)
        finally:
            event.remove(self._dialect_of_engine, "do_connect", by_way)

    def _greet(self, connection: Any) -> None:
        record = _ConnectionRecord(self.own, connect=False)
        record.dbapi_connection = connection
        dispatch: Any = self.own.dispatch
        dispatch.first_connect.for_modify(dispatch).exec_once_unless_exception(connection, record)
        dispatch.connect(connection, record)

    def _undisturbed(self, work: Callable[[], Any]) -> Any:
        """Run `work`, in which the dialect must not end the transaction or change how it isolates."""
        dialect: Any = self._dialect_of_engine
        hidden = ("do_rollback", "_assert_and_set_isolation_level")
        own = cast("dict[str, Any]", vars(dialect))
        before = {name: own[name] for name in hidden if name in own}
        for name in hidden:
            setattr(dialect, name, _nothing)
        try:
            return work()
        finally:
            for name in hidden:
                delattr(dialect, name)
            own.update(before)


def _nothing(*_: object) -> None:
    """Stand in for what must not happen."""


def _arguments(kind: Any) -> set[str]:
    return set(inspect.signature(kind).parameters) if kind is not None else set()
