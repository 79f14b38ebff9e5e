"""The connections to the tests' database that the engines of the process keep in their pools."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Engine


def forget_connections(database: str) -> None:
    """Empty the pools of every SQLAlchemy engine to `database`, whose connections are about to be ended."""
    for engine in _engines_to(database):
        engine.dispose(close=not engine.dialect.is_async)


def tidy_connections(database: str, dialect: str, sql: str, end: Callable[[Sequence[int]], None]) -> None:
    """Free the idle connections of every SQLAlchemy engine to `database` of what a test may have left.

    Connections of an asyncio engine belong to a loop which may be gone, so they are given up.

    Args:
        database: its name in URLs.
        dialect: the SQLAlchemy dialect that understands `sql`.
        sql: ends what a session keeps beyond its transactions.
        end: ends sessions on the server, by its process ids: nothing here can close what was given up.
    """
    for engine in _engines_to(database):
        is_async = engine.dialect.is_async
        if engine.dialect.name == dialect:
            from paceline.isolation.shared.engines import repeat_set_up

            if not is_async and repeat_set_up(engine, sql):
                continue
            if is_async and (sessions := _idle_sessions(engine)):
                end(sessions)
        engine.dispose(close=not is_async)


def _idle_sessions(engine: Engine) -> list[int]:
    """Take the idle connections out of the pool of an asyncio engine; return the server's ids of them."""
    from sqlalchemy.pool import QueuePool

    pool = engine.pool
    found: list[int] = []
    if not isinstance(pool, QueuePool):
        return found
    # No driver, and no pool that wants to await something, may keep a run from going on.
    with suppress(Exception):
        for _ in range(pool.checkedin()):
            lent = pool.connect()
            driver: Any = lent.driver_connection
            lent.detach()
            own: Any = getattr(driver, "get_server_pid", None)
            found.append(int(own() if own is not None else driver.info.backend_pid))
    return found


def idle_connections(database: str, dialect: str) -> int | None:
    """Return how many idle connections the pools of engines to `database` hold; None: some are in use."""
    idle = 0
    for engine in _engines_to(database):
        from sqlalchemy.pool import QueuePool

        if engine.dialect.name == dialect and isinstance(engine.pool, QueuePool):
            if engine.pool.checkedout():
                return None
            idle += engine.pool.checkedin()
    return idle


@contextmanager
def lend_connection(database: str, dialect: str, drivers: AbstractSet[str]) -> Generator[Any, None, None]:
    """Yield an idle connection of an engine to `database`, as its driver knows it; None: there is none."""
    for engine in _engines_to(database):
        from sqlalchemy.pool import QueuePool

        about, pool = engine.dialect, engine.pool
        if about.name == dialect and about.driver in drivers and isinstance(pool, QueuePool):
            if about.is_async or not pool.checkedin():
                continue
            lent = pool.connect()
            try:
                yield lent.dbapi_connection
            finally:
                lent.close()
            return
    yield None


def release_engines() -> None:
    """Stop looking out for new engines."""
    if module := sys.modules.get("paceline.isolation.shared.engines"):
        module.ENGINES.unwatch()


def _engines_to(database: str) -> Iterator[Engine]:
    if "sqlalchemy" in sys.modules:
        from paceline.isolation.shared.engines import ENGINES

        ENGINES.watch()
        for engine in ENGINES:
            if engine.url.database == database:
                yield engine
