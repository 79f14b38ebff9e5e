"""What the shared transaction has to know of a database product and its drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from paceline.isolation.shared.connection import JoinedConnection, Source
    from paceline.isolation.shared.statements import Grammar


class Check(Protocol):
    """Constraints that are checked at commit: an emulated commit has to check them, too."""

    def forget(self) -> None:
        """Know nothing: another test begins."""
        ...

    def note_change(self) -> None:
        """A statement may have changed the schema."""
        ...

    def note_rollback(self) -> None:
        """What was changed may have been undone."""
        ...

    def check(self, voice: Voice) -> None:
        """Do what a COMMIT on `voice` does about deferred constraints.

        Raises:
            Exception: the driver's, as a COMMIT would.
        """
        ...


class Voice(Protocol):
    """Sends SQL on the physical connection."""

    real: Any
    driver: str
    awaits: bool

    def send(self, sql: tuple[str, ...]) -> None:
        """Send all of `sql`."""
        ...

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Send one statement the application's way, and return its rows."""
        ...


class Bridge(Protocol):
    """What drivers that share a session have to be told of one another's transactions."""

    def address(self, url: URL) -> tuple[str, int] | None:
        """Return host or socket directory, and port, of the server that `url` names; None: it names none."""
        ...

    def join(self, voice: Voice) -> None:
        """Have the driver notice that another one has begun a transaction in the session."""
        ...

    def leave(self, voice: Voice) -> None:
        """Have the driver notice that another one has ended that transaction."""
        ...


class Parting(Protocol):
    """A rollback that takes a question along: one message instead of two.

    Attributes:
        drivers: those that can.
    """

    drivers: frozenset[str]

    def roll_back(self, voice: Voice, question: str) -> tuple[str | None, ...]:
        """Do what `Words.roll_back` does, and return the one row that answers `question`, as text.

        Raises:
            Exception: as there.
        """
        ...


class Words(Protocol):
    """One product's. Connections are the driver's, or SQLAlchemy's adapters of asyncio drivers.

    Attributes:
        drivers: those whose engines can share a transaction, by SQLAlchemy's name; that of the asyncio half
            of a driver ends with `_async`.
        asyncio: those of them that have to be awaited.
        aborts: after an error the server refuses everything until a rollback.
        early: some settings can't be made inside a transaction, so engines are prepared before it.
        grammar: how its SQL is read.
        no_characteristics: sent instead of SET TRANSACTION, which has to return a result of the same kind.
    """

    drivers: frozenset[str]
    asyncio: frozenset[str]
    aborts: bool
    early: bool
    grammar: Grammar
    no_characteristics: str

    @property
    def bridge(self) -> Bridge | None:
        """How several drivers share one session; None: they can't."""
        ...

    @property
    def parting(self) -> Parting | None:
        """How something is asked with the rollback of a test; None: it isn't."""
        ...

    def target(self, url: URL) -> tuple[object, object] | None:
        """Return server and database that `url` names; None if it doesn't tell."""
        ...

    def identify(self, ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
        """Return what tells the database from all others."""
        ...

    def is_closed(self, voice: Voice) -> bool:
        """Tell whether the connection is closed."""
        ...

    def take_over(self, voice: Voice) -> Any:
        """Leave a new connection outside of any transaction of its own, and have its driver begin none.

        Returns:
            How the driver would have dealt with transactions, for `joined`.
        """
        ...

    def shielded(self, voice: Voice) -> AbstractContextManager[None]:
        """Let listeners that set the connection up commit, without ending the transaction that it is in."""
        ...

    def greet(self, voice: Voice, connect: Callable[[], Any], listen: Callable[[Any], None]) -> Any:
        """Let the listeners of another engine set the connection up.

        Args:
            voice: the physical connection.
            connect: opens a connection of the engine's own, for comparison.
            listen: calls the listeners with a connection.

        Returns:
            How the engine's driver would deal with transactions, for `joined`.
        """
        ...

    def joined(self, source: Source, mode: Any, *, autocommit: bool) -> JoinedConnection:
        """Return the connection that a checkout gets."""
        ...

    def opening(self, driver: str) -> tuple[str, ...]:
        """Return what begins the transaction around the test."""
        ...

    def send(self, voice: Voice, sql: tuple[str, ...]) -> None:
        """Send all of `sql`, in one go where that can be."""
        ...

    def roll_back(self, voice: Voice) -> None:
        """Undo everything since the opening, and let locks of the session go.

        Raises:
            Exception: the driver's; the transaction had been ended by something else.
        """
        ...

    def forget(self, voice: Voice) -> bool:
        """Undo what a test has left on the connection beyond its transaction; return whether that can be."""
        ...

    def fail(self, voice: Voice) -> None:
        """Bring the server to where it refuses everything until a rollback."""
        ...

    def constraints(self) -> Check:
        """Return what checks deferred constraints."""
        ...

    def ended_by(self, voice: Voice, error: BaseException) -> bool:
        """Tell whether a statement's `error` has ended the whole transaction."""
        ...
