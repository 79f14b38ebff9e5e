"""Find what a test left in the database although it was isolated, name it, and undo it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from paceline.errors import LeakError
from paceline.isolation.databases import postgresql, postgresql_wal
from paceline.isolation.databases.postgresql_fingerprint import fingerprint
from paceline.isolation.databases.postgresql_wal import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.isolation.databases.postgresql import Connection
    from paceline.isolation.databases.postgresql_fingerprint import Fingerprint
    from paceline.isolation.databases.postgresql_wal import Moment
    from paceline.isolation.provisioning import Backing, Provisioning
    from paceline.isolation.urls import DatabaseUrl

Answer = TypeVar("Answer")

_SHOWN = 10
_HINT = (
    "Something that the test ran committed outside of its transaction: let it use integration_session. "
    "The database has been restored for the next test."
)


@dataclass(frozen=True, slots=True)
class _Span:
    """What a fixture did that lives longer than a test."""

    start: Moment
    end: Moment

    def __contains__(self, xid: int) -> bool:
        return self.start.next_xid <= xid < self.end.next_xid


class _Witness(Protocol):
    url: DatabaseUrl

    def before(self, connection: Connection) -> Moment: ...
    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]: ...
    def accept(self, connection: Connection) -> None: ...


class _Log:
    """Exact: reads what was committed from the write-ahead log of a server of our own."""

    def __init__(self, place: Backing) -> None:
        self._place = place
        self.url = place.maintenance

    def before(self, connection: Connection) -> Moment:
        return postgresql_wal.moment(connection)

    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]:
        place = self._place
        with ExitStack() as stack:
            own = stack.enter_context(postgresql.connected(place.url))
            template = stack.enter_context(postgresql.connected(place.template)) if place.template else None
            return postgresql_wal.Changes(connection, own, template).made(xids, before, after)

    def accept(self, connection: Connection) -> None:
        pass


class _Comparison:
    """For a server that others use too: a commit is only a hint, a difference in our database proves it."""

    def __init__(self, place: Backing) -> None:
        self.url = place.url
        self._known: Fingerprint | None = None
        self._known_at: Moment | None = None

    def before(self, connection: Connection) -> Moment:
        if self._known_at is None:
            self._known_at = postgresql_wal.moment(connection)
        else:
            moment, xids = postgresql_wal.committed_since(connection, self._known_at)
            self._known_at = moment
            if xids:
                self._known = None
        if self._known is None:
            self._known = fingerprint(connection)
        return self._known_at

    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]:
        now = fingerprint(connection)
        before_test, self._known = self._known, now
        assert before_test is not None
        return tuple(sorted(Change(*difference) for difference in before_test.changed_to(now)))

    def accept(self, connection: Connection) -> None:
        # Can't tell the fixture's work from what the test has done so far.
        self._known = fingerprint(connection)


class Audit:
    """The audit of one process. Costs a round trip before and one after each test."""

    def __init__(self, provisioning: Provisioning) -> None:
        """Watch the database of `provisioning`, once it is there."""
        self._provisioning = provisioning
        self._witness: _Witness | None = None
        self._connection: Connection | None = None
        self._before: Moment | None = None
        self._spans: list[_Span] = []

    @property
    def watching(self) -> bool:
        """Whether a test is being watched now."""
        return self._before is not None

    def before(self) -> None:
        """Remember the state before a test."""
        self._spans.clear()
        self._before = self._asked(lambda witness, connection: witness.before(connection))

    def now(self) -> Moment:
        """Return the present."""
        return self._asked(lambda _, connection: postgresql_wal.moment(connection))

    def exclude(self, start: Moment) -> None:
        """Don't blame the running test for what was committed from `start` until now."""
        self._spans.append(_Span(start, self.now()))
        self._asked(lambda witness, connection: witness.accept(connection))

    def after(self) -> None:
        """Compare with the state before the test.

        Raises:
            LeakError: the test changed something for good; it has been undone.
        """
        before, self._before = self._before, None
        if before is None:
            return
        after, committed = self._asked(
            lambda _, connection: postgresql_wal.committed_since(connection, before)
        )
        xids = frozenset(xid for xid in committed if not any(xid in span for span in self._spans))
        if not xids:
            return
        changes = self._asked(lambda witness, connection: witness.changes(connection, xids, before, after))
        if changes:
            # Its database may be the one that goes.
            self.close()
            self._provisioning.restore()
            raise LeakError(_told(changes, self._provisioning.place.url.name), hint=_HINT)

    def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._witness = None

    def _asked(self, question: Callable[[_Witness, Connection], Answer]) -> Answer:
        """Ask the server; once more when a test has ended all connections, ours as well."""
        import psycopg

        if self._connection is not None:
            try:
                return question(*self._opened())
            except psycopg.OperationalError:
                if not self._connection.broken:
                    raise
                self._connection = None
        return question(*self._opened())

    def _opened(self) -> tuple[_Witness, Connection]:
        place = self._provisioning.place
        if self._witness is None:
            self._witness = _Comparison(place)
            if place.is_ours:
                with postgresql.connected(place.maintenance) as connection:
                    if postgresql_wal.can_read_wal(connection):
                        self._witness = _Log(place)
        if self._connection is None:
            self._connection = postgresql.connect(self._witness.url)
        return self._witness, self._connection


def _told(changes: tuple[Change, ...], database: str) -> str:
    shown = [str(change) for change in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        shown.append(f"and {len(changes) - _SHOWN} more")
    return f"the test changed the database {database} for good: {', '.join(shown)}"
