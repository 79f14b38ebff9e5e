"""Find what a test left in the database although it was isolated, name it, and undo it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from paceline.errors import LeakError
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql import wal as postgresql_wal
from paceline.isolation.databases.postgresql import xids as postgresql_xids
from paceline.isolation.databases.postgresql.copies import wrote
from paceline.isolation.databases.postgresql.fingerprint import fingerprint, unlogged_changes
from paceline.isolation.databases.postgresql.transactions import TIDY
from paceline.isolation.databases.postgresql.wal import Change
from paceline.isolation.origins import Origins
from paceline.isolation.pools import tidy_connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.isolation.backings import Backing
    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.databases.postgresql.fingerprint import Fingerprint
    from paceline.isolation.databases.postgresql.xids import Moment
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.urls import DatabaseUrl

Answer = TypeVar("Answer")

_SHOWN = 10
_LONGEST = 80
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


class _Witness(Protocol):
    url: DatabaseUrl

    def before(self, connection: Connection) -> Moment: ...
    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]: ...
    def changed(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> bool: ...
    def accept(self, connection: Connection) -> None: ...


class _Log:
    """Exact: reads what was committed from the write-ahead log of a server of our own."""

    def __init__(self, place: Backing) -> None:
        self._place = place
        self.url = place.maintenance

    def before(self, connection: Connection) -> Moment:
        return postgresql_xids.moment(connection)

    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]:
        from psycopg import errors

        place = self._place
        with ExitStack() as stack:
            own = stack.enter_context(postgresql.connected(place.url))
            template = stack.enter_context(postgresql.connected(place.template)) if place.template else None
            try:
                found = postgresql_wal.Changes(connection, own, template).made(xids, before.lsn, after.lsn)
                return found + tuple(Change(*change) for change in unlogged_changes(own, template, xids))
            except errors.UndefinedFile:
                return (Change("so much that the server's log no longer holds all of it", "change"),)

    def changed(self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment) -> bool:
        from psycopg import errors

        try:
            certainly = wrote(connection, xids, before.lsn, after.lsn)
        except errors.UndefinedFile:
            return True
        if certainly is None:
            return bool(self.changes(connection, xids, before, after))
        return certainly

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
            self._known_at = postgresql_xids.moment(connection)
        else:
            moment, xids = postgresql_xids.committed_since(connection, self._known_at)
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

    def changed(self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment) -> bool:
        return bool(self.changes(connection, xids, before, after))

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
        self._origins = Origins()

    @property
    def ready(self) -> bool:
        """Whether there is a database to watch."""
        return self._provisioning.opened

    def before(self) -> None:
        """Remember the state before a test."""
        self._spans.clear()
        self._origins.begin(self._provisioning.place.url.name)
        self._before = self._asked(lambda witness, connection: witness.before(connection))

    def expect(self) -> None:
        """Get ready to undo what a test is about to do."""
        self._provisioning.place.expect()

    def now(self) -> Moment:
        """Return the present."""
        return self._asked(lambda _, connection: postgresql_xids.moment(connection))

    def exclude(self, start: Moment) -> bool:
        """Blame no test for what was committed from `start` until now; return whether anything was."""
        end, xids = self._asked(lambda _, connection: postgresql_xids.committed_since(connection, start))
        self._spans.append(_Span(start, end))
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
        statements = self._asked(
            lambda _, connection: postgresql_xids.statements_since(connection, name, before)
        )
        told = "; ".join(filter(None, (_told(changes, statements, name), self._origins.told())))
        return LeakError(told, hint=_HINT.format(marker=marker))

    def changed(self) -> bool:
        """Compare with the state before a test that may change the database; nobody asks what it changed."""
        found = self._committed()
        if found is None:
            return False
        return self._asked(lambda witness, connection: witness.changed(connection, *found))

    def _committed(self) -> tuple[frozenset[int], Moment, Moment] | None:
        """Return what the test committed, and between which moments; None: nothing."""
        before, self._before = self._before, None
        if before is None:
            return None
        after, committed = self._asked(
            lambda _, connection: postgresql_xids.committed_since(connection, before)
        )
        if after.open_xids:
            with postgresql.connected(self._provisioning.place.url) as connection:
                postgresql_xids.roll_back_prepared(connection)
        xids = frozenset(xid for xid in committed if not any(xid in span for span in self._spans))
        return (xids, before, after) if xids else None

    def settle(self) -> None:
        """Free connections of locks, listeners, settings and temporary tables that a test may have left."""
        tidy_connections(self._provisioning.place.url.name, "postgresql", TIDY)

    def undo(self) -> None:
        """Give the next test the database as it was when it had been prepared."""
        # A comparison is connected to the database that goes; the log is read from another one.
        if not isinstance(self._witness, _Log):
            self._disconnect()
        self._provisioning.restore()

    def close(self) -> None:
        """Let go of the server and of the drivers."""
        self._origins.end()
        self._disconnect()

    def _disconnect(self) -> None:
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
                self._provisioning.check(within=0.3)
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
