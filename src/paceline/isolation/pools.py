"""The connection pools that the process keeps to a database which is about to be replaced."""

from __future__ import annotations

import sys


def forget_connections(database: str) -> None:
    """Empty the pools of every SQLAlchemy engine to `database`, whose connections are about to be ended."""
    if "sqlalchemy" not in sys.modules:
        return
    import gc

    from sqlalchemy import Engine

    for candidate in gc.get_objects():
        # Looking at an object's class can run code of proxies.
        if issubclass(type(candidate), Engine):
            engine: Engine = candidate
            if engine.url.database == database:
                engine.dispose(close=not engine.dialect.is_async)
