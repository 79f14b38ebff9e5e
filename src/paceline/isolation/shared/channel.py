"""One driver's way onto the session, and the transactions that it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.callers import current_caller
from paceline.isolation.shared.failures import is_servers, stale, two_roles
from paceline.isolation.shared.marks import mark_for_clone
from paceline.isolation.shared.savepoints import ConflictError
from paceline.isolation.shared.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from paceline.isolation.shared.outer import Outer
    from paceline.isolation.shared.statements import Statement

T = TypeVar("T")


class Channel:
    """The connection that all engines of one driver share.

    Attributes:
        words: what is said to this kind of database.
        driver: such as "psycopg".
        awaits: it's an asyncio driver.
        outer: the transaction around the test, and what it shares with other channels.
        must_queue: even what isn't a statement has to wait for its turn on the session.
    """

    def __init__(self, driver: str, outer: Outer) -> None:
        """Connect to nothing yet."""
        self.words = outer.words
        self.driver = driver
        self.awaits = awaits = driver in outer.words.asyncio
        self.outer = outer
        self.must_queue = awaits or outer.junction is not None
        self._wire = Wire(outer.words, driver, awaits=awaits)

    @property
    def real(self) -> Any:
        """The physical connection, as SQLAlchemy's dialect sees it."""
        return self._wire.real

    def identify(self) -> str:
        """Return which database the physical connection leads to; empty before there is one."""
        return self._wire.identity

    def serves(self, user: str) -> bool:
        """Tell whether the physical connection is there and may be used by engines of `user`.

        Raises:
            SharedTransactionError: the test has used it as somebody else already.
        """
        outer = self.outer
        if not (user and outer.user) or user == outer.user:
            return self._wire.is_usable
        if outer.is_open:
            raise two_roles(outer.user, user)
        outer.log_out()
        return False

    def adopt(self, connect: Callable[[], Any], *, user: str) -> None:
        """Take what `connect` returns, logged in as `user`, for the physical connection.

        Raises:
            SharedTransactionError: there was one, and it was lost in the middle of a test.
        """
        if self.outer.is_open and self.real is not None:
            raise SharedTransactionError(
                "the connection that all transactions of the test share was lost", hint=mark_for_clone()
            )
        self.outer.add(self._wire, connect, user=user)

    @property
    def mode(self) -> Any:
        """How the driver would deal with transactions, on the connection that was adopted."""
        return self._wire.mode

    def greet(self, connect: Callable[[], Any], listen: Callable[[Any], None]) -> Any:
        """Let the listeners of another engine set the connection up; return how its driver would deal."""
        return self.outer.set_up(self._wire, lambda: self.words.greet(self._wire, connect, listen))

    def run(self, work: Callable[[], T], *, begins: Hashable = None) -> T:
        """Run `work`, a piece of the application's; one that `begins` a transaction waits for its turn."""
        outer = self.outer
        if begins is None:
            return outer.world.run(work, blocked=None, timeout=0)
        caller = current_caller(outer.test_thread, tasks_matter=self.awaits)
        outer.callers[begins] = caller
        return outer.world.run(work, blocked=lambda: outer.blocked(caller), timeout=outer.timeout)

    def call(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run `work`, which has nothing to do with transactions."""
        return self.outer.world.call(lambda: work(*args, **options))

    def settle(self, work: Callable[[], object]) -> None:
        """Run `work` as soon as nothing else is being done."""
        self.outer.world.settle(work)

    def is_open(self, token: Hashable) -> bool:
        """Tell whether a transaction has begun and not ended."""
        return self.outer.books.is_open(token)

    def begin(self, token: Hashable, place: str) -> None:
        """Begin a transaction of the application."""
        self.outer.begin(self._wire, token, place)

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
        outer = self.outer
        outer.check()
        books = outer.books
        if not books.is_open(token):
            raise stale()
        before, guard = books.before_statement(token)
        self._wire.send(before)
        if books.must_fail(token):
            self._wire.fail()
        try:
            result = send()
        except BaseException as error:
            self._note_failure(token, statement, guard, error)
            raise
        if statement.changes_schema:
            outer.constraints.note_change()
        outer.is_worn = outer.is_worn or statement.changes_session
        self._wire.send(books.succeeded(token, guard=guard, wrote=not statement.reads))
        return result

    def _note_failure(self, token: Hashable, statement: Statement, guard: str, error: BaseException) -> None:
        outer, words = self.outer, self.words
        if words.ended_by(self._wire, error):
            raise outer.ended_by(error) from error
        if words.aborts and is_servers(error):
            self._wire.send(outer.books.failed(token, guard=guard))
        else:
            # Where an error undoes its own statement only, and not always all of it.
            wrote = not (words.aborts or statement.reads)
            self._wire.send(outer.books.succeeded(token, guard=guard, wrote=wrote))

    def savepoint(self, token: Hashable, statement: Statement, send: Callable[[], T]) -> T | None:
        """Carry out a SAVEPOINT command of the application under a name that is unique."""
        outer = self.outer
        outer.check()
        if statement.control == "savepoint":
            outer.send_new(self._wire, outer.books.nested(token, statement.name))
            return None
        work = outer.books.release if statement.control == "release" else outer.books.rollback_to
        try:
            sql = work(token, statement.name)
        except ConflictError as error:
            raise outer.conflict(error) from None
        outer.constraints.note_rollback()
        # The server knows best what to say about a savepoint that isn't there.
        if sql is None:
            return send()
        self._wire.send(sql)
        return None

    def commit(self, token: Hashable) -> None:
        """Commit a transaction of the application."""
        outer = self.outer
        outer.callers.pop(token, None)
        if not outer.is_open:
            return
        outer.check()
        if outer.books.wrote(token) and not outer.books.has_failed(token):
            self._check_constraints(token)
        self._wire.send(outer.books.commit(token))

    def rollback(self, token: Hashable) -> None:
        """Roll a transaction of the application back."""
        self.outer.callers.pop(token, None)
        self._wire.send(self.outer.rolled_back(token))

    def _check_constraints(self, token: Hashable) -> None:
        """Do what a COMMIT does about deferred constraints; a violation ends the transaction."""
        try:
            self.outer.constraints.check(self._wire)
        except BaseException:
            self.outer.books.failed(token, guard="")
            self.rollback(token)
            raise
