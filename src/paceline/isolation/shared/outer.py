"""The transaction around a test: one session of the server, and the books of what is open inside it."""

from __future__ import annotations

import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, TypeVar

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.callers import Caller, current_place
from paceline.isolation.shared.failures import conflict_of, ended, stale
from paceline.isolation.shared.marks import mark_for_clone
from paceline.isolation.shared.savepoints import ConflictError, Savepoints

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from paceline.isolation.shared.junction import Junction
    from paceline.isolation.shared.wire import Wire
    from paceline.isolation.shared.words import Words
    from paceline.isolation.shared.worlds import World

T = TypeVar("T")


class Outer:
    """What the channels of one session share; without a bridge that is a single channel.

    Attributes:
        words: what is said to this kind of database.
        world: lets one piece of work at a time onto the session.
        junction: where the drivers connect, if several share the session.
        books: the transactions of the application.
        constraints: what a commit has to check.
        is_open: the transaction around the test has begun.
        user: who the session is logged in as.
        callers: whose transaction each of the books is.
        number: counts the tests.
        is_worn: the test has left something on the session that no rollback undoes.
    """

    def __init__(self, words: Words, world: World, junction: Junction | None = None) -> None:
        """Begin nothing yet."""
        self.words = words
        self.world = world
        self.junction = junction
        self.books = Savepoints()
        self.constraints = words.constraints()
        self.is_open = False
        self.user = ""
        self.callers: dict[Hashable, Caller] = {}
        self.number = 0
        self.is_worn = False
        self.test_thread, self.timeout = 0, 0.0
        self._members: list[Wire] = []
        self._known: list[Wire] = []
        self._first_use: Callable[[str, str], None] | None = None
        self._broken: SharedTransactionError | None = None
        self._finishing = False

    def prepare(self, first_use: Callable[[str, str], None], *, timeout: float) -> None:
        """Get ready for a test; the transaction begins with the first statement.

        Args:
            first_use: called before that with the driver and the place; may raise.
            timeout: seconds that a transaction of the application waits for another.
        """
        self.test_thread = threading.get_ident()
        self.timeout = timeout
        self.number += 1
        self._first_use = first_use
        self._finishing = False

    def finish(self) -> None:
        """Only fixtures are left to be torn down: a rollback too many hurts nobody unless more is to come."""
        self._finishing = True

    def begin(self, wire: Wire, token: Hashable, place: str) -> None:
        """Begin a transaction of the application on `wire`."""
        self.check()
        opening: tuple[str, ...] = ()
        if not self.is_open:
            if self._first_use is None:
                raise stale()
            self._first_use(wire.driver, place)
            opening = wire.opening
            self._members = [wire]
        is_new = wire not in self._members
        # After an error of another driver's the server listens to nothing but what the books say first.
        self.send_new(self._members[0] if is_new else wire, (*opening, *self.books.begin(token, place)))
        self.is_open = True
        if is_new:
            self._members.append(wire)
            if self.words.bridge is not None:
                self.words.bridge.join(wire)

    def send_new(self, wire: Wire, sql: tuple[str, ...]) -> None:
        """Send what the books have just begun."""
        try:
            wire.send(sql)
        except BaseException:
            self.books.drop_newest()
            raise

    def check(self) -> None:
        """Raise what has made the transaction unusable, if anything has."""
        if self._broken is not None:
            raise self._broken

    def blocked(self, caller: Caller) -> str:
        """Return the place of the transaction that `caller` has to wait for, or an empty text."""
        for token, place in self.books.open_transactions():
            other = self.callers.get(token)
            if other is not None and not other.may_be_nested_over() and not caller.same_as(other):
                return place
        return ""

    def conflict(self, error: ConflictError) -> SharedTransactionError:
        """Return what is said about a rollback that can't be, now and by all that comes after it."""
        self._broken = conflict_of(error)
        return self._broken

    def ended_by(self, error: BaseException) -> SharedTransactionError:
        """Return what is said about the statement that ended everything, now and by all that comes after."""
        self._broken = ended(error)
        return self._broken

    def rolled_back(self, token: Hashable) -> tuple[str, ...]:
        """Return what rolls the transaction `token` back.

        Raises:
            SharedTransactionError: that would undo more than it.
        """
        if not self.is_open or self._broken:
            return ()
        try:
            sql = self.books.rollback(token)
        except ConflictError as error:
            conflict = self.conflict(error)
            if self._finishing:
                return ()
            raise conflict from None
        self.constraints.note_rollback()
        return sql

    def end(self, question: str = "") -> tuple[str | None, ...] | None:
        """Undo everything.

        Args:
            question: SQL, to be asked when that has been done.

        Returns:
            The row that answers it; None: there was nothing to undo, or it couldn't be asked along with that.

        Raises:
            SharedTransactionError: something ended the shared transaction before, so its work stayed.
        """
        self._first_use = None
        was_open, self.is_open = self.is_open, False
        self.books = Savepoints()
        self.callers.clear()
        self._broken = None
        self.constraints.forget()
        members, self._members = [wire for wire in self._members if wire.is_usable], []
        if not was_open or not members:
            return None
        try:
            return self.world.call(lambda: self._roll_back(members, question))
        except Exception as error:  # noqa: BLE001 - every driver has its own class
            # What can't be rolled back, such as a connection that is stuck in a COPY, would keep its locks.
            for wire in members:
                with suppress(Exception):
                    self.world.call(wire.abandon)
            raise SharedTransactionError(
                "the transaction that isolates the test was ended by something else, so what the test "
                f"did may have stayed: {error}",
                hint=mark_for_clone(),
            ) from None

    def set_up(self, wire: Wire, work: Callable[[], T]) -> T:
        """Do `work` with the connection of `wire` outside of all transactions of the application."""

        def guarded() -> T:
            if self.is_open:
                self._members[0].send(self.books.recovered())
            if self.junction is None:
                with self.words.shielded(wire) if self.is_open else nullcontext():
                    return work()
            self.junction.is_guarded = self.is_open
            try:
                return work()
            finally:
                self.junction.is_guarded = False

        return self.world.call(guarded)

    def log_out(self) -> None:
        """Close every connection of the session."""
        known, self._known = self._known, []
        for wire in known:
            self.world.call(wire.close)
        if self.junction is not None:
            self.junction = self.junction.renewed()

    def add(self, wire: Wire, connect: Callable[[], object], *, user: str) -> None:
        """Connect `wire` to the session, logged in as `user`."""
        self.user = user
        if wire not in self._known:
            self._known.append(wire)
        junction = self.junction
        before = junction.joined if junction is not None else 0
        self.set_up(wire, lambda: wire.take_over(connect, bridged=junction is not None))
        if junction is not None and junction.joined == before:
            self.world.call(wire.close)
            raise SharedTransactionError(
                f"an engine for {wire.driver} ({current_place()}) connects by a function of its own, so it "
                "can't be bridged to other drivers",
                hint=mark_for_clone(),
            )

    def close(self) -> None:
        """Close the session and end what serves it."""
        for wire in self._known:
            self.world.call(wire.close)
        self.world.close()
        if self.junction is not None:
            self.junction.close()

    def _roll_back(self, members: list[Wire], question: str) -> tuple[str | None, ...] | None:
        first, bridge, parting = members[0], self.words.bridge, self.words.parting
        answer: tuple[str | None, ...] | None = None
        if question and parting is not None and self.junction is None and first.driver in parting.drivers:
            answer = parting.roll_back(first, question)
        else:
            first.roll_back()
        if self.is_worn:
            self.is_worn = False
            if not self.words.forget(first):
                first.close()
        if bridge is not None:
            for wire in members[1:]:
                bridge.leave(wire)
        if self.junction is not None and len(members) > 1:
            # What came with a login in the middle of the test has gone with it.
            first.send(tuple(self.junction.settings))
        return answer
