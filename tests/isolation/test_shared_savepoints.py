"""The books of a shared transaction keep what connections of their own would keep, or refuse."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from paceline.isolation.shared.savepoints import ConflictError, Savepoints


class Server:
    """As much of PostgreSQL as savepoints need: rows, a stack of what they were, and failure."""

    def __init__(self) -> None:
        """Begin with no rows."""
        self.rows: frozenset[int] = frozenset()
        self.failed = False
        self._stack: list[tuple[str, frozenset[int]]] = []

    def run(self, sql: tuple[str, ...]) -> None:
        """Carry out the commands of the books."""
        for command in sql:
            self._run(command)

    def insert(self, row: int) -> None:
        """Insert a row."""
        assert not self.failed
        self.rows |= {row}

    def fail(self) -> None:
        """Refuse a statement, and everything after it."""
        self.failed = True

    def _run(self, command: str) -> None:
        kind, name = command.rsplit(" ", 1)
        assert kind in {"SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"}
        assert kind == "ROLLBACK TO SAVEPOINT" or not self.failed, command
        if kind == "SAVEPOINT":
            self._stack.append((name, self.rows))
            return
        names = [known for known, _ in self._stack]
        index = names.index(name)
        if kind == "RELEASE SAVEPOINT":
            del self._stack[index:]
        else:
            self.failed = False
            self.rows = self._stack[index][1]
            del self._stack[index + 1 :]


class Machine(RuleBasedStateMachine):
    """Three connections in any order; the model gives each of them rows of its own."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        super().__init__()
        self.start_over()

    def start_over(self) -> None:
        """Begin with nothing open, as after a conflict."""
        self.books = Savepoints()
        self.server = Server()
        self.committed: set[int] = set()
        #: For each owner: its rows since each of its savepoints, the outermost first.
        self.own: dict[int, list[tuple[str, set[int]]]] = {}
        self.failed: set[int] = set()
        self.serials: dict[int, int] = {}
        self.next_row = 0
        self.serial = 0

    def token(self, who: int) -> object:
        """Return what the books know the transaction of `who` by."""
        return (who, self.serials[who])

    who = st.integers(0, 2)

    @rule(who=who)
    def begin(self, who: int) -> None:
        """Begin a transaction."""
        if who not in self.own:
            self.serial += 1
            self.serials[who] = self.serial
            self.own[who] = [("", set())]
            self.server.run(self.books.begin(self.token(who), f"place {self.serial}"))

    @rule(who=who)
    def nest(self, who: int) -> None:
        """Set a savepoint."""
        if who in self.own and who not in self.failed:
            label = f"s{len(self.own[who])}"
            self.own[who].append((label, set()))
            self.server.run(self.books.nested(self.token(who), label))

    @rule(who=who)
    def write(self, who: int) -> None:
        """Insert a row."""
        if who in self.own and who not in self.failed:
            self.next_row += 1
            before, guard = self.books.before_statement(self.token(who))
            self.server.run(before)
            self.server.insert(self.next_row)
            self.server.run(self.books.succeeded(self.token(who), guard=guard, wrote=True))
            self.own[who][-1][1].add(self.next_row)

    @rule(who=who)
    def read(self, who: int) -> None:
        """Read."""
        if who in self.own and who not in self.failed:
            before, guard = self.books.before_statement(self.token(who))
            self.server.run(before)
            self.server.run(self.books.succeeded(self.token(who), guard=guard, wrote=False))

    @rule(who=who)
    def fail(self, who: int) -> None:
        """Send something that the server refuses."""
        if who in self.own and who not in self.failed:
            before, guard = self.books.before_statement(self.token(who))
            self.server.run(before)
            self.server.fail()
            self.server.run(self.books.failed(self.token(who), guard=guard))
            self.failed.add(who)
            assert self.books.has_failed(self.token(who))

    @rule(who=who)
    def commit(self, who: int) -> None:
        """Commit; a transaction that failed is rolled back."""
        if who in self.own:
            if who in self.failed:
                self.rollback(who)
                return
            self.server.run(self.books.commit(self.token(who)))
            self.committed |= set().union(*(rows for _, rows in self.own.pop(who)))

    @rule(who=who)
    def rollback(self, who: int) -> None:
        """Roll back, unless that takes the work of others."""
        if who in self.own:
            try:
                sql = self.books.rollback(self.token(who))
            except ConflictError:
                self.start_over()
                return
            self.server.run(sql)
            del self.own[who]
            self.failed.discard(who)

    @rule(who=who)
    def release(self, who: int) -> None:
        """Release the newest savepoint."""
        if who in self.own and who not in self.failed and len(self.own[who]) > 1:
            label, rows = self.own[who].pop()
            self.own[who][-1][1].update(rows)
            sql = self.books.release(self.token(who), label)
            assert sql is not None
            self.server.run(sql)

    @rule(who=who)
    def rollback_to(self, who: int) -> None:
        """Go back to the newest savepoint."""
        if who in self.own and len(self.own[who]) > 1:
            label, _ = self.own[who][-1]
            try:
                sql = self.books.rollback_to(self.token(who), label)
            except ConflictError:
                self.start_over()
                return
            assert sql is not None
            self.server.run(sql)
            self.own[who][-1] = (label, set())
            self.failed.discard(who)

    @invariant()
    def rows_are_those_of_separate_connections(self) -> None:
        """What was committed or is still to be is there, nothing else; what failed may be gone already."""
        if self.server.failed:
            return
        kept = self.committed | {
            row
            for who, frames in self.own.items()
            if who not in self.failed
            for _, rows in frames
            for row in rows
        }
        undecided = {row for who in self.failed for _, rows in self.own[who] for row in rows}
        assert kept <= self.server.rows <= kept | undecided


Machine.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestBooks = Machine.TestCase


def test_a_rollback_names_both_places() -> None:
    """Whoever reads the error finds the two transactions."""
    books = Savepoints()
    books.begin("one", "a.py:1")
    books.succeeded("one", guard="", wrote=True)
    books.begin("two", "b.py:2")
    books.succeeded("two", guard="", wrote=True)
    books.commit("two")
    with pytest.raises(ConflictError) as caught:
        books.rollback("one")
    assert (caught.value.mine, caught.value.others) == ("a.py:1", ("b.py:2",))


def test_what_has_ended_twice_sends_nothing() -> None:
    """Pools roll back what they get back, also after a commit."""
    books = Savepoints()
    assert books.begin("one", "a.py:1") == ("SAVEPOINT paceline_1",)
    books.succeeded("one", guard="", wrote=True)
    assert books.commit("one") == ("RELEASE SAVEPOINT paceline_1",)
    assert (books.commit("one"), books.rollback("one")) == ((), ())
    assert (books.release("one", "x"), books.rollback_to("one", "x")) == (None, None)


def test_one_that_only_read_leaves_its_savepoint_to_the_next() -> None:
    """Most transactions only read: they cost one statement between them."""
    books = Savepoints()
    assert books.begin("one", "a.py:1") == ("SAVEPOINT paceline_1",)
    assert books.rollback("one") == ()
    assert books.begin("two", "b.py:2") == ()
    books.succeeded("two", guard="", wrote=True)
    assert books.commit("two") == ("RELEASE SAVEPOINT paceline_1",)
