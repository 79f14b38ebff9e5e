"""What SQLAlchemy's engines do, the asyncio ones included.

The functions with which a dialect talks to its driver are replaced for each dialect that an engine has. That
costs an eighth of an event listener, and other listeners see nothing of it.
"""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.engine import Dialect
from sqlalchemy.pool import base as pool_base

from paceline.clock import CLOCK
from paceline.metrics.sql import (
    CONNECTING,
    at_work,
    note_begin,
    note_connection,
    note_ending,
    note_statement,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_RECORD: Any = pool_base.__dict__["_ConnectionRecord"]
_CONNECT = "_ConnectionRecord__connect"
_POOL = "_ConnectionRecord__pool"


class _Installed:
    """What was replaced, so that it can be put back."""

    def __init__(self) -> None:
        """Replace nothing yet."""
        self.active = False
        self.dialects: weakref.WeakSet[Any] = weakref.WeakSet()
        self.engine_created: Any = None
        self.connect: Any = None


_INSTALLED = _Installed()


class _Known:
    """What is known of a dialect and its connections.

    Attributes:
        begun: ids of connections in a transaction; a pool rolls back what it gets back, begun or not.
        least_rows: what a cursor says below that is not to be believed.
    """

    __slots__ = ("begun", "least_rows")

    def __init__(self, dialect: Any) -> None:
        """Know no connection yet."""
        self.begun: set[int] = set()
        # SQLite counts what an INSERT ... RETURNING returns while it is fetched.
        self.least_rows = 1 if dialect.name == "sqlite" else 0


def install(*, engines_exist: bool = True) -> None:
    """Record what all engines do from now on.

    Args:
        engines_exist: some may have been made already; to find them takes milliseconds.

    Raises:
        AttributeError: this SQLAlchemy opens its connections in another way.
    """
    if _INSTALLED.active:
        return
    _watch_connections()
    _watch_engines()
    if engines_exist:
        # By type, not by isinstance: lazy objects of other libraries come to life when asked.
        for thing in gc.get_objects():
            if issubclass(type(thing), Dialect):
                _record(thing)
    _INSTALLED.active = True


def uninstall() -> None:
    """Leave everything as it was."""
    if not _INSTALLED.active:
        return
    _INSTALLED.active = False
    setattr(_RECORD, _CONNECT, _INSTALLED.connect.__wrapped__)
    ours = _INSTALLED.engine_created
    if vars(Dialect)["engine_created"] is ours:
        setattr(Dialect, "engine_created", ours.__func__.__wrapped__)  # noqa: B010  as below
    # Otherwise somebody has replaced it after us, and will call ours, which does nothing any more.
    for dialect in list(_INSTALLED.dialects):
        leave(dialect)
    _INSTALLED.dialects.clear()


def leave(dialect: Any) -> None:
    """Record no longer what `dialect` does, also when it opens connections."""
    for name in _REPLACEMENTS:
        replaced: Any = cast("dict[str, Any]", vars(dialect)).get(name)
        if getattr(replaced, "__module__", None) == __name__:
            delattr(dialect, name)
            if replaced.was_own:
                setattr(dialect, name, replaced.__wrapped__)


def _watch_engines() -> None:
    original: Any = vars(Dialect)["engine_created"]

    def engine_created(dialect: type[Dialect], engine: Any) -> None:
        original.__get__(None, dialect)(engine)
        if _INSTALLED.active:
            _record(engine.dialect)

    engine_created.__wrapped__ = original  # type: ignore[attr-defined] # pyright: ignore[reportFunctionMemberAccess]
    # Not the constructor of Engine: create_engine() reads its options from the signature.
    _INSTALLED.engine_created = classmethod(engine_created)
    setattr(Dialect, "engine_created", _INSTALLED.engine_created)  # noqa: B010  type checkers allow no other


def _watch_connections() -> None:
    original: Any = cast("dict[str, Any]", vars(_RECORD))[_CONNECT]

    def connect(record: Any) -> None:
        __tracebackhide__ = True
        dialect = getattr(record, _POOL)._dialect
        # The dialect of an engine of which we have not been told.
        _record(dialect)
        me = at_work()
        CONNECTING.add(me)
        began = CLOCK.counter()
        try:
            original(record)
        finally:
            CONNECTING.discard(me)
        note_connection(dialect.name, began)

    connect.__wrapped__ = original  # type: ignore[attr-defined] # pyright: ignore[reportFunctionMemberAccess]
    _INSTALLED.connect = connect
    setattr(_RECORD, _CONNECT, connect)


def _record(dialect: Any) -> None:
    """Replace the functions of `dialect` unless that has been done."""
    if dialect in _INSTALLED.dialects or not hasattr(dialect, "do_execute"):
        return
    _INSTALLED.dialects.add(dialect)
    known = _Known(dialect)
    for name, replacement in _REPLACEMENTS.items():
        original = getattr(dialect, name)
        function: Any = replacement(original, known)
        function.__wrapped__ = original
        function.was_own = name in vars(dialect)
        setattr(dialect, name, function)


def _execute(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    least = known.least_rows

    def do_execute(cursor: Any, statement: Any, parameters: Any, context: Any = None) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(cursor, statement, parameters, context)
        finally:
            note_statement(statement, cursor, began, least)

    return do_execute


def _execute_no_params(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    least = known.least_rows

    def do_execute_no_params(cursor: Any, statement: Any, context: Any = None) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(cursor, statement, context)
        finally:
            note_statement(statement, cursor, began, least)

    return do_execute_no_params


def _initialize(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    def initialize(connection: Any) -> Any:
        __tracebackhide__ = True
        me = at_work()
        if me in CONNECTING:
            return original(connection)
        # A connection that somebody else has opened, for this engine to use.
        CONNECTING.add(me)
        try:
            return original(connection)
        finally:
            CONNECTING.discard(me)

    return initialize


def _begin(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    def do_begin(connection: Any) -> Any:
        __tracebackhide__ = True
        note_begin()
        known.begun.add(id(connection))
        return original(connection)

    return do_begin


def _commit(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    def do_commit(connection: Any) -> Any:
        __tracebackhide__ = True
        return _end("COMMIT", original, connection, known)

    return do_commit


def _rollback(original: Callable[..., Any], known: _Known) -> Callable[..., Any]:
    def do_rollback(connection: Any) -> Any:
        __tracebackhide__ = True
        return _end("ROLLBACK", original, connection, known)

    return do_rollback


def _end(what: str, original: Callable[..., Any], connection: Any, known: _Known) -> Any:
    __tracebackhide__ = True
    if id(connection) not in known.begun:
        return original(connection)
    known.begun.discard(id(connection))
    began = CLOCK.counter()
    try:
        return original(connection)
    finally:
        note_ending(what, began)


_REPLACEMENTS: dict[str, Callable[[Callable[..., Any], _Known], Callable[..., Any]]] = {
    "do_execute": _execute,
    "do_executemany": _execute,
    "do_execute_no_params": _execute_no_params,
    "do_begin": _begin,
    "do_commit": _commit,
    "do_rollback": _rollback,
    "initialize": _initialize,
}
