"""Fresh copies of the template, made while tests run, so that taking one is only a change of names."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql.queue import Queue

if TYPE_CHECKING:
    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.urls import DatabaseUrl

#: More would make copies that nobody takes, at 8 MB each, and make none of them come earlier.
_DEEPEST = 4
#: What was replaced is dropped when so many have come after it: nobody waits for that then.
_REPLACED = 8


class Clones:
    """The pool of one server of our own.

    It begins with one copy. Each time that a test has to wait for one, because tests commit faster than the
    server copies, it gets deeper, so that slower tests in between make up for it.
    """

    def __init__(self, maintenance: DatabaseUrl, template: str) -> None:
        """Copy `template`, from the database `maintenance` of its server."""
        self._maintenance = maintenance
        self._template = template
        self._number = 0
        self._connection: Connection
        self._queue: Queue | None = None
        #: The queue's own can't be asked anything in between.
        self._renaming: Connection | None = None
        self._coming: deque[str] = deque()
        self._replaced: deque[str] = deque()
        self._depth = 1

    def expect(self) -> None:
        """Let the server make copies meanwhile, as many as the pool is deep; doesn't wait for them."""
        if self._queue is None or self._queue.broken:
            self._connection = postgresql.connect(self._maintenance)
            self._queue = Queue(self._connection)
            self._coming.clear()
        while len(self._coming) < self._depth:
            name = self._name()
            self._queue.ask(postgresql.copying(self._connection, self._template, name), copies=True)
            self._coming.append(name)

    def replace(self, name: str) -> None:
        """Put a fresh copy in the place of the database `name`, ending all connections to it.

        Raises:
            ProvisioningError: the server refuses.
        """
        old = self._name()
        fresh = self._waiting()
        self._exchange(name, old, fresh)
        self._replaced.append(old)
        if self._queue is not None and len(self._replaced) > _REPLACED:
            dropping = postgresql.dropping(self._connection, self._replaced.popleft())
            self._queue.ask(dropping, copies=False)

    def close(self) -> None:
        """Let go of the server."""
        if self._queue is not None:
            with suppress(ProvisioningError):
                self._queue.close()
            self._queue = None
            self._coming.clear()
        if self._renaming is not None:
            self._renaming.close()
            self._renaming = None

    def _exchange(self, name: str, old: str, fresh: str) -> None:
        """Rename on a connection that is kept: making one takes longer than both renames."""
        kept = self._renaming
        if kept is not None:
            try:
                postgresql.exchange(kept, self._maintenance, name, old=old, fresh=fresh)
            except ProvisioningError:
                # A test may end all connections.
                if not kept.broken:
                    raise
            else:
                return
        self._renaming = postgresql.connect(self._maintenance)
        postgresql.exchange(self._renaming, self._maintenance, name, old=old, fresh=fresh)

    def _waiting(self) -> str:
        """Return a copy that is there."""
        if self._coming and self._queue is not None:
            if not self._queue.has_next():
                self._depth = min(self._depth + 1, _DEEPEST)
            fresh = self._coming.popleft()
            if self._queue.next_copied():
                return fresh
        fresh = self._name()
        postgresql.copy(self._maintenance, self._template, fresh)
        return fresh

    def _name(self) -> str:
        self._number += 1
        return f"paceline_test_{self._number}"
