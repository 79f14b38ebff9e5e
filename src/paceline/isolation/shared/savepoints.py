"""The books of a shared transaction: every transaction on it is a savepoint, and savepoints are a stack.

Pure: each operation returns the SQL that makes it so and takes it for sent. Four rules keep transactions
apart that would be on connections of their own in production:

1. One that ends while others are on top of it leaves later, when they have.
2. A rollback that would take the work of others with it is a `ConflictError`; but one that changed nothing
   itself has nothing to undo, and others that changed nothing are put back on top.
3. A statement inside another's savepoint gets one of its own, so that its error harms nobody else.
4. An error of one transaction is undone before another goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence


class ConflictError(Exception):
    """A rollback would take the work of another transaction with it.

    Args:
        mine: where the transaction began that is rolled back.
        others: where that of the others began.
    """

    def __init__(self, mine: str, others: Sequence[str]) -> None:
        """Name both places."""
        super().__init__(mine, *others)
        self.mine = mine
        self.others = tuple(dict.fromkeys(others))


@dataclass(slots=True)
class _Frame:
    """A savepoint.

    Attributes:
        name: what the server calls it.
        owner: whose transaction it belongs to.
        place: where that began.
        label: what the application calls it; empty for the transaction itself.
        wrote: the owner changed something since.
        others: owners and places of other transactions whose work lies in it.
        done: ended, but something is still on top of it.
        failed: a statement in it raised; all it can do is roll back.
    """

    name: str
    owner: Hashable
    place: str
    label: str = ""
    wrote: bool = False
    others: list[tuple[Hashable, str]] = field(default_factory=list[tuple["Hashable", str]])
    done: bool = False
    failed: bool = False


class Savepoints:
    """The savepoints of one shared transaction."""

    def __init__(self) -> None:
        """Begin with none."""
        self._stack: list[_Frame] = []
        self._numbers = count(1)
        #: The server refuses everything until a rollback.
        self._aborted = False

    def open_transactions(self) -> Iterator[tuple[Hashable, str]]:
        """Yield owner and place of each transaction that hasn't ended."""
        return ((frame.owner, frame.place) for frame in self._stack if not frame.done and not frame.label)

    def is_open(self, owner: Hashable) -> bool:
        """Tell whether `owner` has a transaction."""
        return any(frame.owner == owner and not frame.done for frame in self._stack)

    def wrote(self, owner: Hashable) -> bool:
        """Tell whether the transaction of `owner` has changed something."""
        base = self._find(owner, "")
        return base is not None and self._stack[base].wrote

    def has_failed(self, owner: Hashable) -> bool:
        """Tell whether the transaction of `owner` can only be rolled back."""
        return any(frame.failed for frame in self._own(owner))

    def begin(self, owner: Hashable, place: str) -> tuple[str, ...]:
        """Begin a transaction."""
        top = self._stack[-1] if self._stack else None
        if top is not None and top.done and not (top.wrote or top.others or self._aborted):
            # One that only read has left it as it was.
            top.owner, top.place, top.label, top.done = owner, place, "", False
            return ()
        return (*self._recovered(owner), self._push(owner, place, ""))

    def nested(self, owner: Hashable, label: str) -> tuple[str, ...]:
        """Set the savepoint that the owner calls `label`."""
        return (*self._recovered(owner), self._push(owner, self._own(owner)[0].place, label))

    def release(self, owner: Hashable, label: str) -> tuple[str, ...] | None:
        """Release the owner's savepoint `label`; None if there is none."""
        index = self._find(owner, label)
        if index is None:
            return None
        self._finish(owner, index)
        return self._settled()

    def rollback_to(self, owner: Hashable, label: str) -> tuple[str, ...] | None:
        """Undo what the owner did since its savepoint `label`, which stays; None if there is none.

        Raises:
            ConflictError: others did something since.
        """
        index = self._find(owner, label)
        if index is None:
            return None
        frame = self._stack[index]
        if lost := self._work_of_others(index, owner):
            if frame.wrote:
                raise ConflictError(frame.place, lost)
            self._finish(owner, index + 1)
            for own in self._stack[index:]:
                own.failed = own.failed and own.owner != owner
            return (*self._recovered(None), *self._settled())
        frame.wrote = frame.failed = False
        return (f"ROLLBACK TO SAVEPOINT {frame.name}", *self._cut(index + 1, owner))

    def commit(self, owner: Hashable) -> tuple[str, ...]:
        """End the transaction of `owner` and keep what it did."""
        index = self._find(owner, "")
        if index is None:
            return ()
        if self.has_failed(owner):
            return self.rollback(owner)
        self._finish(owner, index)
        return () if self._is_clean(index) else self._settled()

    def rollback(self, owner: Hashable) -> tuple[str, ...]:
        """End the transaction of `owner` and undo what it did.

        Raises:
            ConflictError: that would undo work of others as well; the transaction is ended and kept.
        """
        index = self._find(owner, "")
        if index is None:
            return ()
        frame = self._stack[index]
        if lost := self._work_of_others(index, owner):
            recovery = self._recovered(None)
            self._finish(owner, index)
            if frame.wrote:
                raise ConflictError(frame.place, lost)
            return (*recovery, *self._settled())
        if self._is_clean(index):
            self._finish(owner, index)
            return ()
        back = (f"ROLLBACK TO SAVEPOINT {frame.name}", f"RELEASE SAVEPOINT {frame.name}")
        return (*back, *self._cut(index, owner), *self._settled())

    def before_statement(self, owner: Hashable) -> tuple[tuple[str, ...], str]:
        """Return what has to be sent before a statement of `owner`, and the name of its guard, if any."""
        recovery = (*self._recovered(owner), *self._settled())
        top = self._stack[-1]
        guarded = not self._aborted and (top.owner != owner or bool(top.others))
        guard = f"paceline_guard_{next(self._numbers)}" if guarded else ""
        return ((*recovery, f"SAVEPOINT {guard}") if guard else recovery), guard

    def succeeded(self, owner: Hashable, *, guard: str, wrote: bool) -> tuple[str, ...]:
        """Note a statement of `owner`."""
        if wrote:
            base = self._find(owner, "")
            assert base is not None
            place = self._stack[base].place
            for frame in self._stack[base:]:
                if frame.owner == owner:
                    frame.wrote = frame.wrote or not frame.done
                else:
                    frame.others.append((owner, place))
        return (f"RELEASE SAVEPOINT {guard}",) if guard else ()

    def failed(self, owner: Hashable, *, guard: str) -> tuple[str, ...]:
        """Note that the server refused a statement of `owner`."""
        self._own(owner)[-1].failed = True
        if guard:
            return (f"ROLLBACK TO SAVEPOINT {guard}", f"RELEASE SAVEPOINT {guard}")
        self._aborted = True
        return ()

    def recovered(self) -> tuple[str, ...]:
        """Make the server usable for anybody after an error."""
        return self._recovered(None)

    def must_fail(self, owner: Hashable) -> bool:
        """Tell whether a statement of `owner` would succeed that fails in production."""
        return not self._aborted and self.has_failed(owner)

    def _is_clean(self, index: int) -> bool:
        """Tell whether the newest savepoint, at `index`, has seen no change: the next one can have it."""
        top = self._stack[-1]
        return index == len(self._stack) - 1 and not (top.wrote or top.others or top.failed or self._aborted)

    def _own(self, owner: Hashable) -> list[_Frame]:
        return [frame for frame in self._stack if frame.owner == owner and not frame.done]

    def _find(self, owner: Hashable, label: str) -> int | None:
        for index in range(len(self._stack) - 1, -1, -1):
            frame = self._stack[index]
            if frame.owner == owner and frame.label == label and not frame.done:
                return index
        return None

    def _push(self, owner: Hashable, place: str, label: str) -> str:
        frame = _Frame(f"paceline_{next(self._numbers)}", owner, place, label)
        self._stack.append(frame)
        return f"SAVEPOINT {frame.name}"

    def drop_newest(self) -> None:
        """Forget the savepoint that the server has just refused to set."""
        self._stack.pop()

    def _recovered(self, owner: Hashable) -> tuple[str, ...]:
        """Make the server usable for `owner` after an error of somebody else."""
        if not self._aborted or not self._stack or self._stack[-1].owner == owner:
            return ()
        self._aborted = False
        self._stack[-1].wrote = False
        return (f"ROLLBACK TO SAVEPOINT {self._stack[-1].name}",)

    def _work_of_others(self, index: int, owner: Hashable) -> list[str]:
        lost: list[str] = []
        for frame in self._stack[index:]:
            lost += [place for other, place in frame.others if other != owner]
            if frame.owner != owner and frame.wrote:
                lost.append(frame.place)
        return lost

    def _finish(self, owner: Hashable, index: int) -> None:
        for frame in self._stack[index:]:
            if frame.owner == owner:
                frame.done = True

    def _cut(self, index: int, owner: Hashable) -> tuple[str, ...]:
        """Forget what a rollback has undone; put back the savepoints of others, in which nothing was done."""
        self._aborted = False
        undone = self._stack[index:]
        del self._stack[index:]
        sql: list[str] = []
        for frame in undone:
            if frame.owner != owner and not frame.done:
                sql.append(self._push(frame.owner, frame.place, frame.label))
                self._stack[-1].failed = frame.failed
        return tuple(sql)

    def _settled(self) -> tuple[str, ...]:
        """Release the savepoints on top that have ended; one statement releases all above it."""
        lowest = ""
        while self._stack and self._stack[-1].done:
            frame = self._stack.pop()
            lowest = frame.name
            if self._stack:
                below = self._stack[-1]
                below.others += [other for other in frame.others if other[0] != below.owner]
                if frame.owner == below.owner:
                    below.wrote = below.wrote or frame.wrote
                elif frame.wrote:
                    below.others.append((frame.owner, frame.place))
        return (f"RELEASE SAVEPOINT {lowest}",) if lowest else ()
