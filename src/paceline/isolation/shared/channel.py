"""One physical connection of one driver, and the transactions on it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.callers import Caller, current_caller
from paceline.isolation.shared.failures import CLONE, conflict_of, ended, is_servers, stale, two_roles
from paceline.isolation.shared.savepoints import ConflictError, Savepoints
from paceline.isolation.shared.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from paceline.isolation.shared.statements import Statement
    from paceline.isolation.shared.words import Words
    from paceline.isolation.shared.worlds import World

T = TypeVar("T")


class Channel:
    """The shared transaction of one driver.

    Attributes:
        words: what is said to this kind of database.
        driver: such as "psycopg".
        awaits: it's an asyncio driver.
    """

    def __init__(self, words: Words, driver: str, world: World) -> None:
        """Connect to nothing yet."""
        self.words = words
        self.driver = driver
        self.awaits = driver in words.asyncio
        self._wire = Wire(words, driver, awaits=self.awaits)
        self._world = world
        self._finishing = False
        self._books = Savepoints()
        self._callers: dict[Hashable, Caller] = {}
        self._test_thread, self._timeout = 0, 0.0
        self._is_open = self._is_worn = False
        self._user = ""
        self._first_use: Callable[[str], None] | None = None
        self._broken: SharedTransactionError | None = None
        self._constraints = words.constraints(self._wire)

    def prepare(self, first_use: Callable[[str], None], *, timeout: float) -> None:
        """Get ready for a test; the transaction begins with the first statement.

        Args:
            first_use: called before that with the place; may raise.
            timeout: seconds that a transaction of the application waits for another.
        """
        self._test_thread = threading.get_ident()
        self._timeout = timeout
        self._first_use = first_use
        self._finishing = False

    def finish(self) -> None:
        """Only fixtures are left to be torn down: a rollback too many hurts nobody unless more is to come."""
        self._finishing = True

    @property
    def real(self) -> Any:
        """The physical connection, as SQLAlchemy's dialect sees it."""
        return self._wire.real

    @property
    def mode(self) -> Any:
        """How the driver would deal with transactions, on the connection that was adopted."""
        return self._wire.mode

    def greet(self, connect: Callable[[], Any], listen: Callable[[Any], None]) -> Any:
        """Let the listeners of another engine set the connection up; return how its driver would deal."""
        return self.call(lambda: self.words.greet(self._wire, connect, listen))

    def identify(self) -> str:
        """Return which database the physical connection leads to; empty before there is one."""
        return self._wire.identity

    @property
    def is_usable(self) -> bool:
        """Whether the physical connection is there."""
        return self._wire.is_usable

    def serves(self, user: str) -> bool:
        """Tell whether the physical connection is there and may be used by engines of `user`.

        Raises:
            SharedTransactionError: the test has used it as somebody else already.
        """
        if not self.is_usable:
            return False
        if not (user and self._user) or user == self._user:
            return True
        if self._is_open:
            raise two_roles(self._user, user)
        self._world.call(self._wire.close)
        return False

    def adopt(self, connect: Callable[[], Any], *, user: str) -> None:
        """Take what `connect` returns, logged in as `user`, for the physical connection.

        Raises:
            SharedTransactionError: there was one, and it was lost in the middle of a test.
        """
        if self._is_open:
            raise SharedTransactionError(
                "the connection that all transactions of the test share was lost", hint=CLONE
            )
        self._user = user
        self._world.call(lambda: self._wire.take_over(connect))

    def end(self) -> None:
        """Undo everything.

        Raises:
            SharedTransactionError: something ended the shared transaction before, so its work stayed.
        """
        self._first_use = None
        was_open, self._is_open = self._is_open, False
        self._books = Savepoints()
        self._callers.clear()
        self._broken = None
        self._constraints.forget()
        if was_open and self.is_usable:
            try:
                self._world.call(self._wire.roll_back)
            except Exception as error:  # noqa: BLE001 - every driver has its own class
                raise SharedTransactionError(
                    "the transaction that isolates the test was ended by something else, so what the test "
                    f"did may have stayed: {error}",
                    hint=CLONE,
                ) from None
            if self._is_worn:
                # What it knows of settings and temporary tables is not for the next test.
                self._is_worn = False
                self._world.call(self._wire.close)

    def close(self) -> None:
        """Close the physical connection and end what serves it."""
        self._world.call(self._wire.close)
        self._world.close()

    def run(self, work: Callable[[], T], *, begins: Hashable = None) -> T:
        """Run `work`, a piece of the application's; one that `begins` a transaction waits for its turn."""
        if begins is None:
            return self._world.run(work, blocked=None, timeout=0)
        caller = current_caller(self._test_thread, tasks_matter=self.awaits)
        self._callers[begins] = caller
        return self._world.run(work, blocked=lambda: self._blocked(caller), timeout=self._timeout)

    def call(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run `work`, which has nothing to do with transactions."""
        return self._world.call(lambda: work(*args, **options))

    def settle(self, work: Callable[[], object]) -> None:
        """Run `work` as soon as nothing else is being done."""
        self._world.settle(work)

    def is_open(self, token: Hashable) -> bool:
        """Tell whether a transaction has begun and not ended."""
        return self._books.is_open(token)

    def begin(self, token: Hashable, place: str) -> None:
        """Begin a transaction of the application."""
        self._check()
        opening = () if self._is_open else self._opened(place)
        self._send_new((*opening, *self._books.begin(token, place)))
        self._is_open = True

    def execute_first(self, token: Hashable, place: str, statement: Statement, send: Callable[[], T]) -> T:
        """Begin a transaction and execute its first statement."""
        self.begin(token, place)
        return self.execute(token, statement, send)

    def execute_alone(self, token: Hashable, place: str, statement: Statement, send: Callable[[], T]) -> T:
        """Execute a statement that is a transaction of its own."""
        self.begin(token, place)
        try:
            result = self.execute(token, statement, send)
        except BaseException:
            self.rollback(token)
            raise
        self.commit(token)
        return result

    def execute(self, token: Hashable, statement: Statement, send: Callable[[], T]) -> T:
        """Execute a statement of a transaction."""
        self._check()
        if not self._books.is_open(token):
            raise stale()
        before, guard = self._books.before_statement(token)
        self._wire.send(before)
        if self._books.must_fail(token):
            self._wire.fail()
        try:
            result = send()
        except BaseException as error:
            self._note_failure(token, statement, guard, error)
            raise
        if statement.changes_schema:
            self._constraints.note_change()
        self._is_worn = self._is_worn or statement.changes_session
        self._wire.send(self._books.succeeded(token, guard=guard, wrote=not statement.reads))
        return result

    def _note_failure(self, token: Hashable, statement: Statement, guard: str, error: BaseException) -> None:
        if self.words.ended_by(self._wire, error):
            self._broken = ended(error)
            raise self._broken from error
        if self.words.aborts and is_servers(error):
            self._wire.send(self._books.failed(token, guard=guard))
        else:
            # Where an error undoes its own statement only, and not always all of it.
            wrote = not (self.words.aborts or statement.reads)
            self._wire.send(self._books.succeeded(token, guard=guard, wrote=wrote))

    def savepoint(self, token: Hashable, statement: Statement, send: Callable[[], T]) -> T | None:
        """Carry out a SAVEPOINT command of the application under a name that is unique."""
        self._check()
        if statement.control == "savepoint":
            self._send_new(self._books.nested(token, statement.name))
            return None
        work = self._books.release if statement.control == "release" else self._books.rollback_to
        try:
            sql = work(token, statement.name)
        except ConflictError as error:
            raise self._conflict(error) from None
        self._constraints.note_rollback()
        # The server knows best what to say about a savepoint that isn't there.
        if sql is None:
            return send()
        self._wire.send(sql)
        return None

    def commit(self, token: Hashable) -> None:
        """Commit a transaction of the application."""
        self._callers.pop(token, None)
        if not self._is_open:
            return
        self._check()
        if self._books.wrote(token) and not self._books.has_failed(token):
            self._check_constraints(token)
        self._wire.send(self._books.commit(token))

    def rollback(self, token: Hashable) -> None:
        """Roll a transaction of the application back."""
        self._callers.pop(token, None)
        if not self._is_open or self._broken:
            return
        try:
            sql = self._books.rollback(token)
        except ConflictError as error:
            conflict = self._conflict(error)
            if self._finishing:
                return
            raise conflict from None
        self._constraints.note_rollback()
        self._wire.send(sql)

    def _opened(self, place: str) -> tuple[str, ...]:
        if self._first_use is None:
            raise stale()
        self._first_use(place)
        return self._wire.opening

    def _check(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _conflict(self, error: ConflictError) -> SharedTransactionError:
        self._broken = conflict_of(error)
        return self._broken

    def _blocked(self, caller: Caller) -> str:
        for token, place in self._books.open_transactions():
            other = self._callers.get(token)
            if other is not None and not other.may_be_nested_over() and not other.same_as(caller):
                return place
        return ""

    def _check_constraints(self, token: Hashable) -> None:
        """Do what a COMMIT does about deferred constraints; a violation ends the transaction."""
        try:
            self._constraints.check()
        except BaseException:
            self._books.failed(token, guard="")
            self.rollback(token)
            raise

    def _send_new(self, sql: tuple[str, ...]) -> None:
        try:
            self._wire.send(sql)
        except BaseException:
            self._books.drop_newest()
            raise
