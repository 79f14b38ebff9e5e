"""What the shared transaction says to PostgreSQL, and what its drivers need."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from paceline.errors import ConfigError
from paceline.isolation.databases.postgresql.constraints import Constraints
from paceline.isolation.databases.postgresql.grammar import GRAMMAR
from paceline.isolation.shared.connection import JoinedConnection
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

    from paceline.isolation.shared.connection import Source
    from paceline.isolation.shared.words import Check, Voice

_OUTER = "paceline_test"
_PORT = 5432
#: Tells a database from all others, however its server is addressed.
_IDENTITY = "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text"
#: psycopg would prepare what it sees often, and can't prepare several statements in one.
_UNPREPARED = frozenset({"psycopg", "psycopg_async"})


def _we_begin(driver: str) -> bool:
    # psycopg2 refuses named cursors unless it thinks that it began the transaction itself.
    return driver != "psycopg2"


class PostgresqlWords:
    """PostgreSQL's."""

    drivers = frozenset({"psycopg", "psycopg2", "asyncpg", "psycopg_async"})
    asyncio = frozenset({"asyncpg", "psycopg_async"})
    aborts = True
    early = False
    grammar = GRAMMAR
    no_characteristics = "SET LOCAL paceline.ignored = ''"

    def target(self, url: URL) -> tuple[object, object] | None:
        """Return host and port, and the name of the database."""
        try:
            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            parsed = DatabaseUrl.parse(plain)
        except ConfigError:
            return None
        address = parsed.address(_PORT)
        if address is not None and address[0] in {"127.0.0.1", "::1"}:
            address = ("localhost", address[1])
        return address, parsed.name

    def identify(self, ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
        """Return the database's name and when its server started."""
        return "/".join(str(value) for value in ask(_IDENTITY)[0])

    def is_closed(self, voice: Voice) -> bool:
        """Ask the driver."""
        if not voice.awaits:
            return bool(voice.real.closed)
        driver: Any = voice.real.driver_connection
        closed: Any = getattr(driver, "is_closed", None)
        return bool(closed() if callable(closed) else driver.closed)

    def take_over(self, voice: Voice) -> None:
        """Switch to AUTOCOMMIT."""
        if _we_begin(voice.driver):
            voice.real.autocommit = True

    def greet(self, voice: Voice, connect: Callable[[], Any], listen: Callable[[Any], None]) -> None:
        """Let them at the connection itself: what they set up is undone with the transaction, or harmless."""
        listen(voice.real)

    def joined(self, source: Source, mode: Any, *, autocommit: bool) -> JoinedConnection:
        """Return one that needs nothing more."""
        return JoinedConnection(source, autocommit=autocommit)

    def opening(self, driver: str) -> tuple[str, ...]:
        """Begin."""
        begin = ("BEGIN",) if _we_begin(driver) else ()
        return (*begin, f"SAVEPOINT {_OUTER}")

    def send(self, voice: Voice, sql: tuple[str, ...]) -> None:
        """Send all of `sql` in one go."""
        text = "; ".join(sql)
        options = {"prepare": False} if voice.driver in _UNPREPARED else {}
        if voice.awaits:
            # The driver's own execute takes several statements; SQLAlchemy's adapter prepares a single one.
            run: Callable[[Callable[[Any], Any]], Any] = voice.real.run_async
            run(lambda driver: driver.execute(text, **options))
            return
        cursor = voice.real.cursor()
        try:
            cursor.execute(text, **options)
        finally:
            cursor.close()

    def roll_back(self, voice: Voice) -> None:
        """Roll back, and let advisory locks of the session go."""
        we_begin = _we_begin(voice.driver)
        end = ("ROLLBACK",) if we_begin else ()
        try:
            voice.send((f"ROLLBACK TO SAVEPOINT {_OUTER}", *end, "SELECT pg_advisory_unlock_all()"))
        except Exception:
            if we_begin and not self.is_closed(voice):
                voice.send(("ROLLBACK",))
            raise
        finally:
            if not we_begin and not self.is_closed(voice):
                voice.real.rollback()

    def fail(self, voice: Voice) -> None:
        """Provoke an error."""
        # Every driver has its own class for it.
        with suppress(Exception):
            voice.send(("SELECT 1/0",))

    def constraints(self, voice: Voice) -> Check:
        """Return a check of deferrable constraints."""
        return Constraints(voice)

    def ended_by(self, voice: Voice, error: BaseException) -> bool:
        """No error does."""
        return False
