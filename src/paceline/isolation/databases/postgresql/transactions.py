"""What the shared transaction says to PostgreSQL, and what its drivers need."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from paceline.errors import ConfigError
from paceline.isolation.databases.postgresql.constraints import Constraints
from paceline.isolation.databases.postgresql.grammar import GRAMMAR
from paceline.isolation.shared.connection import JoinedConnection
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import URL

    from paceline.isolation.shared.connection import Source
    from paceline.isolation.shared.words import Check, Voice

_OUTER = "paceline_test"
_PORT = 5432
_UNLOCK = "SELECT pg_catalog.pg_advisory_unlock_all()"
#: No rollback undoes a PREPARE. What drivers have prepared has no such name and stays.
FORGET_PREPARED = (
    "DO $$DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements WHERE from_sql "
    "LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END$$"
)
#: Ends what a session keeps beyond its transactions. Statements that drivers have prepared stay: they cost to
#: make and can't be told apart; those that SQL text has prepared go by name.
TIDY = (
    "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; SELECT pg_advisory_unlock_all(); UNLISTEN *; CLOSE ALL; "
    f"DISCARD TEMP; {FORGET_PREPARED}"
)
#: Tells a database from all others, however its server is addressed.
_IDENTITY = "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text"
#: psycopg would prepare what it sees often, and can't prepare several statements in one.
_UNPREPARED = frozenset({"psycopg", "psycopg_async"})


def _we_begin(driver: str) -> bool:
    # psycopg2 refuses named cursors unless it thinks that it began the transaction itself.
    return driver != "psycopg2"


class PostgresqlBridge:
    """For drivers that share a session."""

    def address(self, url: URL) -> tuple[str, int] | None:
        """Return host and port of the server."""
        target = _target(url)
        return target[0] if target is not None else None

    def join(self, voice: Voice) -> None:
        """Send anything: the answer tells."""
        voice.send(("SELECT 1",))

    def leave(self, voice: Voice) -> None:
        """Let the driver end it, or send anything."""
        if not _we_begin(voice.driver):
            voice.real.rollback()
        else:
            voice.send(("SELECT 1",))


class PostgresqlParting:
    """Of the driver that returns the rows of several statements in one."""

    drivers = frozenset({"psycopg"})

    def roll_back(self, voice: Voice, question: str) -> tuple[str | None, ...]:
        """Send the rollback and `question`."""
        cursor: Any = voice.real.cursor()
        try:
            cursor.execute("; ".join((*_rollback(), question)), prepare=False)
            while cursor.nextset():
                pass
            # Not by fetching: the application chooses what rows look like.
            result = cursor.pgresult
            values: list[bytes | None] = [result.get_value(0, at) for at in range(result.nfields)]
            return tuple(None if value is None else value.decode() for value in values)
        except Exception:
            _end_what_is_left(voice)
            raise
        finally:
            cursor.close()


class PostgresqlWords:
    """PostgreSQL's."""

    drivers = frozenset({"psycopg", "psycopg2", "asyncpg", "psycopg_async"})
    asyncio = frozenset({"asyncpg", "psycopg_async"})
    aborts = True
    early = False
    grammar = GRAMMAR
    bridge = PostgresqlBridge()
    parting = PostgresqlParting()
    no_characteristics = "SET LOCAL paceline.ignored = ''"

    def target(self, url: URL) -> tuple[object, object] | None:
        """Return host and port, and the name of the database."""
        return _target(url)

    def identify(self, ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
        """Return the database's name and when its server started."""
        return "/".join(str(value) for value in ask(_IDENTITY)[0])

    def is_closed(self, voice: Voice) -> bool:
        """Ask the driver."""
        return _is_closed(voice)

    def take_over(self, voice: Voice) -> None:
        """Switch to AUTOCOMMIT where the driver isn't to begin transactions."""
        if voice.real.autocommit is not (we_begin := _we_begin(voice.driver)):
            voice.real.autocommit = we_begin

    @contextmanager
    def shielded(self, voice: Voice) -> Generator[None, None, None]:
        """Take the connection's methods away."""
        own: Any = voice.real.driver_connection if voice.awaits else voice.real
        nothing = _later if voice.awaits else _now
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
        if _we_begin(voice.driver):
            try:
                voice.send(_rollback())
            except Exception:
                _end_what_is_left(voice)
                raise
            return
        try:
            voice.send((f"ROLLBACK TO SAVEPOINT {_OUTER}", _UNLOCK))
        finally:
            if not _is_closed(voice):
                voice.real.rollback()

    def fail(self, voice: Voice) -> None:
        """Provoke an error."""
        # Every driver has its own class for it.
        with suppress(Exception):
            voice.send(("SELECT 1/0",))

    def forget(self, voice: Voice) -> bool:
        """Deallocate what was prepared by name."""
        voice.send((FORGET_PREPARED,))
        if not _we_begin(voice.driver):
            voice.real.rollback()
        return True

    def constraints(self) -> Check:
        """Return a check of deferrable constraints."""
        return Constraints()

    def ended_by(self, voice: Voice, error: BaseException) -> bool:
        """No error does."""
        return False


def _rollback() -> tuple[str, ...]:
    """Return what ends the transaction around a test, and fails where something else has ended it."""
    return (f"ROLLBACK TO SAVEPOINT {_OUTER}", "ROLLBACK", _UNLOCK)


def _end_what_is_left(voice: Voice) -> None:
    if not _is_closed(voice):
        voice.send(("ROLLBACK",))


def _is_closed(voice: Voice) -> bool:
    if not voice.awaits:
        return bool(voice.real.closed)
    driver: Any = voice.real.driver_connection
    closed: Any = getattr(driver, "is_closed", None)
    return bool(closed() if callable(closed) else driver.closed)


def _target(url: URL) -> tuple[tuple[str, int] | None, str] | None:
    """Return server and database that `url` names; None if it names none."""
    try:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        parsed = DatabaseUrl.parse(plain)
    except ConfigError:
        return None
    address = parsed.address(_PORT)
    if address is not None and address[0] in {"127.0.0.1", "::1"}:
        address = ("localhost", address[1])
    return address, parsed.name


def _now() -> None:
    """Do nothing."""


async def _later() -> None:
    """Do nothing."""
