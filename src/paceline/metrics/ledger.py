"""What happens within a phase: instruments enter it, the recorder takes it out."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.cost import OperationKind

Entry = tuple[OperationKind, str, str | None, int, float, int]


class Ledger:
    """Operations since they were last taken, summed up by kind, what and where.

    Entries may come from any thread; two at the very same moment can't be lost, because each is a single
    append. Whoever enters something pays a tuple and an append, so nothing is summed up before it's taken.
    """

    __slots__ = ("_entries", "enter")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._entries: list[tuple[OperationKind, str, str | None, float, int]] = []
        #: Called with kind, what, where, seconds and rows (-1: not counted).
        self.enter = self._entries.append

    def __bool__(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._entries)

    def clear(self) -> None:
        """Forget what was entered so far."""
        del self._entries[: len(self._entries)]

    def take(self) -> Iterator[Entry]:
        """Yield kind, what, where, count, seconds and rows (-1: not counted), and begin anew."""
        count = len(self._entries)
        taken = self._entries[:count]
        del self._entries[:count]
        summed: dict[tuple[OperationKind, str, str | None], tuple[int, float, int]] = {}
        for kind, what, where, seconds, rows in taken:
            times, total, amount = summed.get((kind, what, where), (0, 0.0, -1))
            if rows >= 0:
                amount = max(amount, 0) + rows
            summed[kind, what, where] = times + 1, total + seconds, amount
        for key, sums in summed.items():
            yield *key, *sums


LEDGER = Ledger()
