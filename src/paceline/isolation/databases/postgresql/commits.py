"""Find what a test left in the database although it was isolated, name it, and undo it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from paceline.clock import CLOCK
from paceline.errors import LeakError
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql import wal as postgresql_wal
from paceline.isolation.databases.postgresql import xids as postgresql_xids
from paceline.isolation.databases.postgresql.transactions import TIDY
from paceline.isolation.databases.postgresql.witnesses import Comparison, Log
from paceline.isolation.origins import Origins
from paceline.isolation.pools import tidy_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.databases.postgresql.wal import Change
    from paceline.isolation.databases.postgresql.witnesses import Witness
    from paceline.isolation.databases.postgresql.xids import Moment
    from paceline.isolation.provisioning import Provisioning

Answer = TypeVar("Answer")

_SHOWN = 10
_LONGEST = 80
#: Two clocks of one machine run apart by less than this in a test (seconds).
_CLOCKS_DIFFER = 0.001
_HINT = (
    "Something that the test ran committed outside of its transaction: let it use integration_session, or "
    'give the test a database of its own with @pytest.mark.{marker}(isolation="clone"). '
    "The database has been restored for the next test."
)


@dataclass(frozen=True, slots=True)
class _Span:
    """What a fixture did that lives longer than a test."""

    start: Moment
    end: Moment

    def __contains__(self, xid: int) -> bool:
        return self.start.next_xid <= xid < self.end.next_xid


@dataclass(frozen=True, slots=True)
class _Start:
    """When a test began that found the server's state known from the one before it.

    Attributes:
        time: seconds of the epoch, by the clock that a server on this machine reads as well.
        counter: seconds of a clock that nobody sets.
    """

    time: float
    counter: float

    @classmethod
    def now(cls) -> _Start:
        return cls(CLOCK.now(), CLOCK.counter())

    def is_trustworthy(self) -> bool:
        """Tell whether the clock hasn't been put back since."""
        return CLOCK.now() - self.time > CLOCK.counter() - self.counter - _CLOCKS_DIFFER

    def __str__(self) -> str:
        return datetime.fromtimestamp(self.time, UTC).isoformat()


class Audit:
    """The audit of one process.

    On a server of our own it costs nothing before a test: what the last one has found is where the next one
    begins, and the time of a commit tells what came between them. After a test its question travels with the
    rollback where the driver can do that, else it is a round trip. On somebody else's server there's one
    before each test as well.
    """

    def __init__(self, provisioning: Provisioning) -> None:
        """Watch the database of `provisioning`, once it is there."""
        self._provisioning = provisioning
        self._witness: Witness | None = None
        self._connection: Connection | None = None
        self._before: Moment | None = None
        #: What was found last, and when the test began that it was taken for; None: `before` was asked.
        self._last: Moment | None = None
        self._start: _Start | None = None
        self._answer: tuple[str | None, ...] | None = None
        #: What `changed` has found for `take_back`.
        self._found: tuple[frozenset[int], Moment, Moment] | None = None
        self._spans: list[_Span] = []
        self._origins = Origins()

    @property
    def ready(self) -> bool:
        """Whether there is a database to watch."""
        return self._provisioning.opened

    def before(self) -> None:
        """Remember the state before a test."""
        self._begin()
        if self._last is not None and self._witness is not None and self._witness.knows_times:
            self._before, self._start = self._last, _Start.now()
        else:
            self._before = self._asked(lambda witness, connection: witness.before(connection))
            self._start = None

    def expect(self) -> None:
        """Remember the state before a test that may change it, and get ready to undo that."""
        self._begin()
        self._provisioning.place.expect()
        self._before = self._asked(lambda witness, connection: witness.expect(connection))
        self._start = None

    def _begin(self) -> None:
        self._spans.clear()
        self._origins.begin(self._provisioning.place.url.name)
        self._answer = None

    def question(self) -> str:
        """Return what `answered` gets the answer to, if it can be asked where the test is rolled back."""
        return postgresql_xids.question(self._before) if self._before is not None else ""

    def answered(self, answer: tuple[str | None, ...]) -> None:
        """Take what was answered when the test had been rolled back; `after` needn't ask then."""
        self._answer = answer

    def now(self) -> Moment:
        """Return the present."""
        return self._asked(lambda _, connection: postgresql_xids.moment(connection))

    def exclude(self, start: Moment) -> bool:
        """Blame no test for what was committed from `start` until now; return whether anything was."""
        end, xids = self._asked(lambda _, connection: postgresql_xids.committed_since(connection, start))
        self._spans.append(_Span(start, end))
        self._last = end
        if xids and self._before is not None:
            self._asked(lambda witness, connection: witness.accept(connection))
        return bool(xids)

    def after(self, *, marker: str = "schema") -> LeakError | None:
        """Compare with the state before the test; return what it changed for good, if it did.

        Args:
            marker: the one that can change how the test is isolated.
        """
        found = self._committed()
        if found is None:
            return None
        xids, before, after = found
        changes = self._asked(lambda witness, connection: witness.changes(connection, xids, before, after))
        if not changes:
            return None
        name = self._provisioning.place.url.name
        since = before if self._start is None else replace(before, time=str(self._start))
        statements = self._asked(
            lambda _, connection: postgresql_xids.statements_since(connection, name, since)
        )
        told = "; ".join(filter(None, (_told(changes, statements, name), self._origins.told())))
        return LeakError(told, hint=_HINT.format(marker=marker))

    def changed(self) -> bool:
        """Compare with the state before a test that may change the database; nobody asks what it changed."""
        self._found = found = self._committed()
        if found is None:
            return False
        return self._asked(lambda witness, connection: witness.changed(connection, *found))

    def take_back(self) -> bool:
        """Undo what `changed` has found where that is done without a fresh database; return whether it is."""
        found, self._found = self._found, None
        if found is None:
            return False
        done = self._asked(lambda witness, connection: witness.take_back(connection, found[0]))
        if done:
            self._last = None
        return done

    def _committed(self) -> tuple[frozenset[int], Moment, Moment] | None:
        """Return what the test committed, and between which moments; None: nothing."""
        before, self._before = self._before, None
        if before is None:
            return None
        answer, self._answer = self._answer, None
        after, committed = self._asked(
            lambda _, connection: (
                postgresql_xids.committed_since(connection, before)
                if answer is None
                else postgresql_xids.answered(connection, before, answer)
            )
        )
        self._last = after
        self._asked(lambda witness, connection: witness.note(connection, after))
        if after.any_prepared:
            self._end_prepared()
        xids = frozenset(xid for xid in committed if not any(xid in span for span in self._spans))
        if xids and (start := self._start) is not None and start.is_trustworthy():
            xids = self._asked(
                lambda _, connection: postgresql_xids.committed_at(connection, xids, start.time)
            )
        return (xids, before, after) if xids else None

    def _end_prepared(self) -> None:
        url = self._provisioning.place.url
        if self._asked(lambda _, connection: postgresql_xids.are_prepared(connection, url.name)):
            with postgresql.connected(url) as connection:
                postgresql_xids.roll_back_prepared(connection)

    def settle(self) -> None:
        """Free connections of locks, listeners, settings and temporary tables that a test may have left."""
        tidy_connections(self._provisioning.place.url.name, "postgresql", TIDY, self._end)

    def _end(self, sessions: Sequence[int]) -> None:
        self._asked(lambda _, connection: postgresql.end(connection, sessions))

    def undo(self) -> None:
        """Give the next test the database as it was when it had been prepared."""
        self._last = None
        # A comparison is connected to the database that goes; the log is read from another one.
        if not isinstance(self._witness, Log):
            self._disconnect()
        self._provisioning.restore()
        if self._witness is not None:
            self._witness.renewed()

    def close(self) -> None:
        """Let go of the server and of the drivers."""
        self._origins.end()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._witness = None

    def _asked(self, question: Callable[[Witness, Connection], Answer]) -> Answer:
        """Ask the server; once more when a test has ended all connections, ours as well."""
        import psycopg

        if self._connection is not None:
            try:
                return question(*self._opened())
            except psycopg.OperationalError:
                if not self._connection.broken:
                    raise
                self._connection = None
                self._provisioning.check(within=0.3)
        return question(*self._opened())

    def _opened(self) -> tuple[Witness, Connection]:
        place = self._provisioning.place
        if self._witness is None:
            self._witness = Comparison(place)
            if place.is_ours:
                with postgresql.connected(place.maintenance) as connection:
                    if postgresql_wal.can_read_wal(connection):
                        self._witness = Log(place, postgresql_xids.moment(connection).lsn)
        if self._connection is None:
            self._connection = postgresql.connect(self._witness.url)
        return self._witness, self._connection


def _told(changes: tuple[Change, ...], statements: tuple[tuple[str, str], ...], database: str) -> str:
    shown = [str(change) for change in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        shown.append(f"and {len(changes) - _SHOWN} more")
    told = f"the test changed the database {database} for good: {', '.join(shown)}"
    if statements:
        last = [_statement(*statement) for statement in statements]
        told += f"; connections that are still open last ran {', '.join(last)}"
    return told


def _statement(application: str, query: str) -> str:
    """Return the beginning of a statement, without the values that stand in it."""
    text = re.sub(r"'(?:[^']|'')*'?", "'...'", " ".join(query.split()))
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return f"{text!r}" + (f" ({application})" if application else "")
