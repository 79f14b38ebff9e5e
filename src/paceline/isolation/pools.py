"""The connections to the tests' database that the engines of the process keep in their pools."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


def forget_connections(database: str) -> None:
    """Empty the pools of every SQLAlchemy engine to `database`, whose connections are about to be ended."""
    for engine in _engines_to(database):
        engine.dispose(close=not engine.dialect.is_async)


def tidy_connections(database: str, dialect: str, sql: str) -> None:
    """Free the idle connections of every SQLAlchemy engine to `database` of what a test may have left.

    Connections of an asyncio engine belong to a loop which may be gone, so they are given up.

    Args:
        database: its name in URLs.
        dialect: the SQLAlchemy dialect that understands `sql`.
        sql: ends what a session keeps beyond its transactions.
    """
    for engine in _engines_to(database):
        if engine.dialect.name == dialect and not engine.dialect.is_async:
            from paceline.isolation.shared.engines import repeat_set_up

            if repeat_set_up(engine, sql):
                continue
        engine.dispose(close=not engine.dialect.is_async)


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
