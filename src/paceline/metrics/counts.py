"""Numbers that instruments add to where something happens, all in one list.

To read them is to copy the list: nothing is called, and an instrument that saw nothing costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Counts:
    """Ever-growing numbers at places that were given out.

    Attributes:
        numbers: one per place. `+=` on one of them can't be interrupted by another thread: it calls nothing
            that is written in Python.
        failures: by first place, why an instrument can't be trusted any more.
        going: called before the numbers are read, by instruments in the middle of something that they
            measure; each adds what it has so far.
    """

    __slots__ = ("failures", "going", "numbers")

    def __init__(self) -> None:
        """Begin without places."""
        self.numbers: list[float] = []
        self.failures: dict[int, Exception] = {}
        self.going: list[Callable[[], None]] = []

    def places(self, number: int) -> int:
        """Return the first of `number` new places; an instrument asks when it's imported."""
        first = len(self.numbers)
        self.numbers += [0.0] * number
        return first


COUNTS = Counts()
