"""The physical connection: what we send ourselves."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.isolation.shared.words import Words


class Wire:
    """A driver's connection as SQLAlchemy's dialect sees it.

    For asyncio drivers, everything but `is_usable` has to run where SQLAlchemy lets them await.

    Attributes:
        words: what is said to this kind of database.
        driver: such as "psycopg".
        real: the connection; None before it's made.
        awaits: it's an asyncio driver.
        identity: which database it leads to.
        mode: how the driver would deal with transactions.
    """

    def __init__(self, words: Words, driver: str, *, awaits: bool) -> None:
        """Connect to nothing yet."""
        self.words = words
        self.driver = driver
        self.real: Any = None
        self.identity = ""
        self.mode: Any = None
        self.awaits = awaits

    @property
    def opening(self) -> tuple[str, ...]:
        """What begins the transaction around the test."""
        return self.words.opening(self.driver)

    @property
    def is_usable(self) -> bool:
        """Whether the connection is there."""
        return self.real is not None and not self.words.is_closed(self)

    def take_over(self, connect: Callable[[], Any], *, bridged: bool) -> None:
        """Make the connection and leave it outside of any transaction of its own.

        Args:
            connect: makes it.
            bridged: it's in AUTOCOMMIT mode, and its session may be in somebody else's transaction.
        """
        self.real = connect()
        self.identity = identify(self.words, self.real)
        if not bridged:
            # What listeners have set up is to stay.
            self.real.commit()
        self.mode = self.words.take_over(self)

    def close(self) -> None:
        """Close the connection."""
        if self.is_usable:
            self.real.close()
        self.real = None

    def abandon(self) -> None:
        """Close the connection, on which a statement may still be running; it would keep its locks."""
        stop = getattr(self.real, "cancel", None)
        if callable(stop) and self.is_usable:
            with suppress(Exception):
                stop()
        self.close()

    def send(self, sql: tuple[str, ...]) -> None:
        """Send all of `sql`."""
        if sql:
            self.words.send(self, sql)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Send one statement the application's way, with the application's exceptions."""
        return ask(self.real, sql)

    def roll_back(self) -> None:
        """Undo everything since the opening, and let session-level locks go.

        Raises:
            Exception: the driver's; the transaction had been ended by something else.
        """
        self.words.roll_back(self)

    def fail(self) -> None:
        """Bring the server to where it refuses everything until a rollback."""
        self.words.fail(self)


def identify(words: Words, connection: Any) -> str:
    """Return what tells the database of `connection` from all others."""
    return words.identify(lambda sql: ask(connection, sql))


def ask(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of `sql` on a DBAPI connection."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        cursor.close()
