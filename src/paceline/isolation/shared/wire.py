"""The physical connection: what we send ourselves, and how it is begun and rolled back with each driver."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

OUTER = "paceline_test"
#: No rollback undoes a PREPARE. What drivers have prepared has no such name and stays.
FORGET_PREPARED = (
    "DO $$DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements WHERE from_sql "
    "LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END$$"
)
#: Tells a database from all others, however its server is addressed.
_IDENTITY = "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text"


class Wire:
    """A driver's connection as SQLAlchemy's dialect sees it.

    For asyncio drivers, everything but `is_usable` has to run where SQLAlchemy lets them await.

    Attributes:
        driver: such as "psycopg".
        real: the connection; None before it's made.
        awaits: it's an asyncio driver.
        identity: which database it leads to.
    """

    def __init__(self, driver: str, *, awaits: bool) -> None:
        """Connect to nothing yet."""
        self.driver = driver
        self.real: Any = None
        self.identity = ""
        self.awaits = awaits
        # psycopg2 refuses named cursors unless it thinks that it began the transaction itself.
        self._we_begin = driver != "psycopg2"
        # psycopg would prepare what it sees often, and can't prepare several statements in one.
        self._options = {"prepare": False} if driver in {"psycopg", "psycopg_async"} else {}

    @contextmanager
    def shielded(self) -> Generator[None, None, None]:
        """Let listeners that set the connection up commit, without ending the transaction that it is in."""
        own: Any = self.real.driver_connection if self.awaits else self.real
        nothing = _later if self.awaits else _now
        try:
            own.commit = own.rollback = nothing
        except AttributeError:
            # psycopg2's can't be changed; asyncpg has none of its own.
            yield
            return
        try:
            yield
        finally:
            del own.commit, own.rollback

    def join(self) -> None:
        """Have the driver notice that another one has begun a transaction in the session that they share."""
        self.send(("SELECT 1",))

    def leave(self) -> None:
        """Have the driver notice that another one has ended that transaction."""
        if not self._we_begin:
            self.real.rollback()
        else:
            self.send(("SELECT 1",))

    @property
    def opening(self) -> tuple[str, ...]:
        """What begins the transaction around the test."""
        begin = ("BEGIN",) if self._we_begin else ()
        return (*begin, f"SAVEPOINT {OUTER}")

    @property
    def is_usable(self) -> bool:
        """Whether the connection is there."""
        if self.real is None:
            return False
        if not self.awaits:
            return not self.real.closed
        driver: Any = self.real.driver_connection
        closed: Any = getattr(driver, "is_closed", None)
        return not (closed() if callable(closed) else driver.closed)

    def take_over(self, connect: Callable[[], Any], *, bridged: bool) -> None:
        """Make the connection and leave it outside of any transaction of its own.

        Args:
            connect: makes it.
            bridged: it's in AUTOCOMMIT mode, and its session may be in somebody else's transaction.
        """
        self.real = connect()
        self.identity = identify(self.real)
        if not bridged:
            # What listeners have set up is to stay.
            self.real.commit()
        if self.real.autocommit is not self._we_begin:
            self.real.autocommit = self._we_begin

    def close(self) -> None:
        """Close the connection."""
        if self.is_usable:
            self.real.close()
        self.real = None

    def send(self, sql: tuple[str, ...]) -> None:
        """Send all of `sql` in one go."""
        if not sql:
            return
        text = "; ".join(sql)
        if self.awaits:
            # The driver's own execute takes several statements; SQLAlchemy's adapter prepares a single one.
            run: Callable[[Callable[[Any], Any]], Any] = self.real.run_async
            run(lambda driver: driver.execute(text, **self._options))
            return
        cursor = self.real.cursor()
        try:
            cursor.execute(text, **self._options)
        finally:
            cursor.close()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Send one statement the application's way, with the application's exceptions."""
        return _ask(self.real, sql)

    def roll_back(self) -> None:
        """Undo everything since the opening, and let session-level locks go.

        Raises:
            Exception: the driver's; the transaction had been ended by something else.
        """
        end = ("ROLLBACK",) if self._we_begin else ()
        try:
            self.send((f"ROLLBACK TO SAVEPOINT {OUTER}", *end, "SELECT pg_advisory_unlock_all()"))
        except Exception:
            if self._we_begin and self.is_usable:
                self.send(("ROLLBACK",))
            raise
        finally:
            if not self._we_begin and self.is_usable:
                self.real.rollback()

    def fail(self) -> None:
        """Bring the server to where it refuses everything until a rollback."""
        # Every driver has its own class for it.
        with suppress(Exception):
            self.send(("SELECT 1/0",))


def _now() -> None:
    """Do nothing."""


async def _later() -> None:
    """Do nothing."""


def identify(connection: Any) -> str:
    """Return what tells the database of `connection` from all others."""
    return "/".join(str(value) for value in _ask(connection, _IDENTITY)[0])


def _ask(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        cursor.close()
