"""What proves that the database was changed for good: the log of a server of our own, or a comparison."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql import wal as postgresql_wal
from paceline.isolation.databases.postgresql import xids as postgresql_xids
from paceline.isolation.databases.postgresql.copies import Written, written
from paceline.isolation.databases.postgresql.fingerprint import (
    fingerprint,
    has_unlogged,
    unlogged_changes,
)
from paceline.isolation.databases.postgresql.reversal import Reversal
from paceline.isolation.databases.postgresql.wal import XID_MASK, Change, distance

if TYPE_CHECKING:
    from paceline.isolation.backings import Backing
    from paceline.isolation.databases.postgresql.connections import Connection
    from paceline.isolation.databases.postgresql.fingerprint import Fingerprint
    from paceline.isolation.databases.postgresql.xids import Moment
    from paceline.isolation.urls import DatabaseUrl

#: So much of the log is read in a few milliseconds (bytes).
_UNREAD = 256 * 1024


class Witness(Protocol):
    """Tells what was changed.

    Attributes:
        url: the database in which it asks.
        knows_times: the cluster is on this machine and keeps the time of each commit.
    """

    url: DatabaseUrl
    knows_times: bool

    def before(self, connection: Connection) -> Moment:
        """Return the state before a test."""
        ...

    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]:
        """Return what the committed `xids` changed in the tests' database."""
        ...

    def changed(self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment) -> bool:
        """Tell whether they changed anything; may err on yes."""
        ...

    def expect(self, connection: Connection) -> Moment:
        """Return the state before a test, after which `take_back` may be called."""
        ...

    def take_back(self, connection: Connection, xids: frozenset[int]) -> bool:
        """Make the database what it was before the `xids`, of which `changed` was asked.

        Returns:
            Whether it is; else it has to be replaced.
        """
        ...

    def note(self, connection: Connection, now: Moment) -> None:
        """Take note of the state after a test."""
        ...

    def renewed(self) -> None:
        """Take note that the database has been replaced."""
        ...

    def accept(self, connection: Connection) -> None:
        """Take what is there now for meant to be."""
        ...


class Log:
    """Exact: reads what was committed from the write-ahead log of a server of our own."""

    knows_times = True

    def __init__(self, place: Backing, start: str) -> None:
        """Read the log of the server at `place`, from the position `start` on."""
        self._place = place
        self.url = place.maintenance
        #: Before the first record of every transaction that is open.
        self._oldest = self._asked = start
        #: Open when the test began: copies being made, whose records may be earlier ones.
        self._copying: frozenset[int] = frozenset()
        #: All that the test committed is in the log from there on.
        self._complete = False
        self._written: Written | None = None
        self._reversal = Reversal(place)

    def before(self, connection: Connection) -> Moment:
        """Return the state before a test."""
        return postgresql_xids.moment(connection)

    def changes(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> tuple[Change, ...]:
        """Return what the committed `xids` changed in the tests' database."""
        from psycopg import errors

        place = self._place
        if self._left_no_row(connection, xids, before, after):
            with postgresql.connected(place.url) as own:
                if not has_unlogged(own):
                    return ()
        with ExitStack() as stack:
            own = stack.enter_context(postgresql.connected(place.url))
            template = stack.enter_context(postgresql.connected(place.template)) if place.template else None
            log = postgresql_wal.Changes(connection, own, template)
            try:
                found = log.made(xids, before.lsn, after.lsn)
            except errors.UndefinedFile:
                return (Change("so much that the server's log no longer holds all of it", "change"),)
            if not found:
                found = self._made_earlier(log, connection, xids, after)
            return found + tuple(Change(*change) for change in unlogged_changes(own, template, xids))

    def _left_no_row(
        self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment
    ) -> bool:
        """Tell whether the `xids` certainly wrote no row that is logged, neither in the test nor earlier."""
        from psycopg import errors

        try:
            return all(
                written(connection, xids, start, after.lsn).nothing for start in (before.lsn, self._oldest)
            )
        except errors.UndefinedFile:
            return False

    def note(self, connection: Connection, now: Moment) -> None:
        """Keep the part of the log short that has to be read where nothing shows in that of a test."""
        if distance(self._asked, now.lsn) > _UNREAD:
            self._asked = now.lsn
            if not postgresql_xids.are_open(connection):
                self._oldest = now.lsn

    def _made_earlier(
        self, log: postgresql_wal.Changes, connection: Connection, xids: frozenset[int], after: Moment
    ) -> tuple[Change, ...]:
        """Return what the `xids` changed before the test in which they committed."""
        from psycopg import errors

        try:
            return log.made(xids, self._oldest, after.lsn)
        except errors.UndefinedFile:
            # Most commits without a change are harmless, so that it can't be known accuses nobody.
            return ()
        finally:
            if not postgresql_xids.are_open(connection):
                self._oldest = after.lsn

    def changed(self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment) -> bool:
        """Tell whether they changed anything; may err on yes."""
        from psycopg import errors

        self._written = None
        if not (own := frozenset(xid for xid in xids if xid & XID_MASK not in self._copying)):
            return False
        try:
            found = written(connection, own, before.lsn, after.lsn)
        except errors.UndefinedFile:
            return True
        if found.only_copies:
            return False
        if found.any_own:
            self._written = found
            return True
        return bool(self.changes(connection, own, before, after))

    def expect(self, connection: Connection) -> Moment:
        """Take note of who is writing; return the state before the test."""
        before, writing = postgresql_xids.moment_and_writing(connection)
        self._complete = all(database != self._place.url.name for _, database in writing)
        self._copying = frozenset(xid for xid, database in writing if database == self.url.name)
        return before

    def take_back(self, connection: Connection, xids: frozenset[int]) -> bool:
        """Make the database what it was before the `xids`; return whether it is."""
        found, self._written = self._written, None
        if found is None or not self._complete:
            return False
        return self._reversal.take_back(connection, xids, found)

    def renewed(self) -> None:
        """Take note that the database has been replaced."""
        self._reversal.renewed()

    def accept(self, connection: Connection) -> None:
        """Take what is there now for meant to be."""


class Comparison:
    """For a server that others use too: a commit is only a hint, a difference in our database proves it."""

    knows_times = False

    def __init__(self, place: Backing) -> None:
        """Compare the database at `place`."""
        self.url = place.url
        self._known: Fingerprint | None = None
        self._known_at: Moment | None = None

    def before(self, connection: Connection) -> Moment:
        """Return the state before a test."""
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
        """Return what the committed `xids` changed in the tests' database."""
        now = fingerprint(connection)
        before_test, self._known = self._known, now
        assert before_test is not None
        return tuple(sorted(Change(*difference) for difference in before_test.changed_to(now)))

    def changed(self, connection: Connection, xids: frozenset[int], before: Moment, after: Moment) -> bool:
        """Tell whether they changed anything; may err on yes."""
        return bool(self.changes(connection, xids, before, after))

    def expect(self, connection: Connection) -> Moment:
        """Return the state before a test; nothing else can be prepared."""
        return self.before(connection)

    def take_back(self, connection: Connection, xids: frozenset[int]) -> bool:
        """Return False: whose rows they are can't be told."""
        return False

    def note(self, connection: Connection, now: Moment) -> None:
        """Do nothing."""

    def renewed(self) -> None:
        """Do nothing."""

    def accept(self, connection: Connection) -> None:
        """Take what is there now for meant to be."""
        # Can't tell the fixture's work from what the test has done so far.
        self._known = fingerprint(connection)
