"""SQLAlchemy's engines: found, and lent a pool whose connections share one transaction.

Everything that rests on what SQLAlchemy doesn't promise is here, and checked before it is used: a pool that
makes its records itself, the dispatch of a pool's events, and where an engine keeps its pool.
"""

from __future__ import annotations

import functools
import gc
import inspect
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy
from sqlalchemy.engine import Engine
from sqlalchemy.engine import base as engine_base
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.pool import base as pool_base
from sqlalchemy.util import concurrency

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.channel import Channel
from paceline.isolation.shared.wire import identify
from paceline.isolation.shared.worlds import BlockingWorld, LoopWorld, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paceline.isolation.shared.words import Words

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


def new_channel(words: Words, driver: str) -> Channel:
    """Return a channel for `driver`."""
    world: World = BlockingWorld()
    if driver in words.asyncio:
        spawn: Any = concurrency.greenlet_spawn
        # Called await_only before 2.1.
        await_: Any = getattr(concurrency, "await_", None) or vars(concurrency)["await_only"]
        world = LoopWorld(spawn, await_, concurrency.in_greenlet)
    return Channel(words, driver, world)


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
        self._original = original = Engine.__init__
        engines = self

        @functools.wraps(original)
        def init(engine: Engine, *args: Any, **options: Any) -> None:
            original(engine, *args, **options)
            engines._known.add(engine)
            if engines.on_new is not None:
                engines.on_new(engine)

        Engine.__init__ = cast("Any", init)  # type: ignore[method-assign]

    def unwatch(self) -> None:
        """Leave SQLAlchemy as it was."""
        if self._original is not None:
            Engine.__init__ = self._original  # type: ignore[method-assign]
            self._original = None


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
        self._greeted: object = None
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
        if not channel.serves(self._user):
            connect = partial(_ConnectionRecord, self.own)
            channel.adopt(lambda: self._undisturbed(connect).dbapi_connection, user=self._user)
            self._mode = channel.mode
            self._greeted = channel.real
        elif self._greeted is not channel.real:
            # An engine's listeners set up its connections: types, codecs, a search path.
            own = partial(_ConnectionRecord, self.own)
            self._mode = channel.greet(own, lambda greeted: self._undisturbed(partial(self._greet, greeted)))
            self._greeted = channel.real

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
