"""How instruments count, and how they stand in for a function."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from paceline.metrics.callers import CALLERS
from paceline.metrics.counts import COUNTS
from paceline.metrics.isolation_time import STOPWATCH
from paceline.metrics.ledger import LEDGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.model.cost import OperationKind


class Tally:
    """Enters what happens of one kind into the ledger, and counts it."""

    __slots__ = ("_count", "_kind", "_probe", "_seconds")

    def __init__(
        self, kind: OperationKind, *, probe: int, count: int | None = None, seconds: int | None = None
    ) -> None:
        """Count at the places `count` and `seconds` of `COUNTS`, as far as somebody wants to know.

        Args:
            probe: the first place of the probe that what is counted here belongs to.
        """
        self._kind: OperationKind = kind
        self._probe = probe
        self._count = count
        self._seconds = seconds

    def note(self, what: str, seconds: float, where: str | None) -> None:
        """Count something and enter it; `seconds` are negative if they weren't measured.

        What isolation does, or has the project do, is only entered.
        """
        numbers = COUNTS.numbers
        if self._count is not None and not STOPWATCH.is_running:
            numbers[self._count] += 1
        if self._seconds is not None and seconds > 0 and not STOPWATCH.is_running:
            numbers[self._seconds] += seconds
        LEDGER.enter((self._kind, what, where, seconds, -1))

    def attempt(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do something of ours inside of what the suite does: what fails switches the probe off."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes what the application does
            COUNTS.failures[self._probe] = error


def where(skip: int) -> str | None:
    """Return the line of the project; `skip` frames on top are ours, that of this call not included."""
    return CALLERS.where(None, skip + 1) or None


class Replacement:
    """A function of a module or class that is replaced by one that looks like it, and calls it."""

    def __init__(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace it; `make` is given the function that is there and returns the new one."""
        self._owner: Any = owner
        self._name = name
        original: Any = cast("dict[str, Any]", vars(owner))[name]
        self._original = original
        self._new: Any = functools.wraps(original)(make(original))
        setattr(owner, name, self._new)

    def undo(self) -> None:
        """Put the function back, unless somebody else has replaced ours."""
        if vars(self._owner)[self._name] is self._new:
            setattr(self._owner, self._name, self._original)
