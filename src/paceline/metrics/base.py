"""What every metric consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paceline.model.metric import Metric


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One or more metrics that are read in one go, by `read` or at `place`.

    Attributes:
        metrics: what `read` returns, in that order.
        read: returns ever-growing numbers; a value is the difference between two reads. It is called in the
            main thread, six times per test and twice per fixture, so it must cost microseconds. What it
            raises switches the probe off, with one warning.
        place: where in `COUNTS.numbers` the numbers begin; an instrument that adds to them there needs no
            `read`, and costs nothing while nothing happens.
        default: whether it is on without being asked for.
        dear: a read costs a system call, so it's read at the end of a phase or fixture when the last read is
            more than 0.5 ms ago, and at a beginning after as long a break. In between, `cpu_time` is taken to
            go on like the clock, and what else was counted counts for what is read next.
        install: called before the first read, such as to hook something; what it raises switches it off.
        renew: called before each test, to see to it that the tests have left the instrument in its place.
        uninstall: called after the last one.
    """

    metrics: tuple[Metric, ...]
    read: Callable[[], tuple[float, ...]] | None = None
    place: int | None = None
    default: bool = True
    dear: bool = False
    install: Callable[[], None] = _nothing
    renew: Callable[[], None] | None = None
    uninstall: Callable[[], None] = _nothing
