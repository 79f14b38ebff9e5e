"""How instruments count, and how they stand in for a function."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from paceline.metrics.callers import CALLERS
from paceline.metrics.ledger import LEDGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.model.cost import OperationKind


class Tally:
    """What happened of one kind since the process began.

    `+=` on an attribute can't be interrupted by another thread: it calls nothing that is written in Python.
    """

    __slots__ = ("_kind", "count", "failure", "seconds")

    def __init__(self, kind: OperationKind) -> None:
        """Begin with nothing."""
        self._kind: OperationKind = kind
        self.count = 0
        self.seconds = 0.0
        self.failure: Exception | None = None

    def note(self, what: str, seconds: float, where: str | None) -> None:
        """Count something and enter it; `seconds` are negative if they weren't measured."""
        self.count += 1
        if seconds > 0:
            self.seconds += seconds
        LEDGER.enter((self._kind, what, where, seconds, -1))

    def attempt(self, work: Callable[..., object], *arguments: Any) -> None:
        """Do something of ours inside of what the suite does: what fails is told by the next read."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes what the application does
            self.failure = error

    def read(self) -> tuple[float, float]:
        """Return how often and how many seconds; for a probe.

        Raises:
            Exception: something of ours has failed, so nothing that was counted since can be trusted.
        """
        if self.failure is not None:
            raise self.failure
        return self.count, self.seconds


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
