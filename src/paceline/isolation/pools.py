"""The connections to the tests' database that the engines of the process keep in their pools."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from paceline.isolation.shared.wire import FORGET_PREPARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

#: Ends what a session keeps beyond its transactions. Statements that drivers have prepared stay: they cost to
#: make and can't be told apart; those that SQL text has prepared go by name.
_TIDY = (
    "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; SELECT pg_advisory_unlock_all(); UNLISTEN *; CLOSE ALL; "
    f"DISCARD TEMP; {FORGET_PREPARED}"
)


def forget_connections(database: str) -> None:
    """Empty the pools of every SQLAlchemy engine to `database`, whose connections are about to be ended."""
    for engine in _engines_to(database):
        engine.dispose(close=not engine.dialect.is_async)


def tidy_connections(database: str) -> None:
    """Free the idle connections of every SQLAlchemy engine to `database` of what a test may have left.

    That is locks, listeners, settings, temporary tables, cursors and prepared statements. Connections of an
    asyncio engine belong to a loop which may be gone, so they are given up.
    """
    for engine in _engines_to(database):
        if engine.dialect.name == "postgresql" and not engine.dialect.is_async:
            from paceline.isolation.shared.engines import repeat_set_up

            if repeat_set_up(engine, _TIDY):
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
