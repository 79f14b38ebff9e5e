"""What Django's connections do; the functions through which every back end sends are replaced."""

from __future__ import annotations

import sys
from typing import Any

from paceline.clock import CLOCK
from paceline.metrics.sql import (
    CONNECTING,
    at_work,
    note_begin,
    note_connection,
    note_ending,
    note_statement,
)
from paceline.metrics.tally import Replacement

_REPLACED: list[Replacement] = []


def install() -> None:
    """Record what all connections do from now on."""
    if _REPLACED:
        return
    base = sys.modules["django.db.backends.base.base"].BaseDatabaseWrapper
    cursor = sys.modules["django.db.backends.utils"].CursorWrapper
    for owner, name, make in (
        (cursor, "_execute", _execute),
        (cursor, "_executemany", _execute),
        (base, "connect", _connect),
        (base, "_commit", _commit),
        (base, "_rollback", _rollback),
        (base, "set_autocommit", _set_autocommit),
    ):
        _REPLACED.append(Replacement(owner, name, make))


def uninstall() -> None:
    """Leave everything as it was."""
    while _REPLACED:
        _REPLACED.pop().undo()


def _execute(original: Any) -> Any:
    def execute(self: Any, sql: Any, params: Any, *ignored: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(self, sql, params, *ignored)
        finally:
            text = sql if isinstance(sql, str) else str(sql)
            # SQLite counts what an INSERT ... RETURNING returns while it is fetched.
            least = 1 if self.db.vendor == "sqlite" else 0
            note_statement(text, self.cursor, began, least)

    return execute


def _connect(original: Any) -> Any:
    def connect(self: Any) -> Any:
        __tracebackhide__ = True
        me = at_work()
        CONNECTING.add(me)
        began = CLOCK.counter()
        try:
            result = original(self)
        finally:
            CONNECTING.discard(me)
        note_connection(self.vendor, began)
        return result

    return connect


def _commit(original: Any) -> Any:
    def _commit(self: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(self)
        finally:
            note_ending("COMMIT", began)

    return _commit


def _rollback(original: Any) -> Any:
    def _rollback(self: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(self)
        finally:
            note_ending("ROLLBACK", began)

    return _rollback


def _set_autocommit(original: Any) -> Any:
    def set_autocommit(self: Any, autocommit: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        # Django begins a transaction by switching this off.
        if not autocommit:
            note_begin()
        return original(self, autocommit, *arguments, **options)

    return set_autocommit
