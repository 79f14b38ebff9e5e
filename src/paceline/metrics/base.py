"""What every metric consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paceline.model.metric import Metric


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One or more metrics that are read in one go.

    Attributes:
        metrics: what `read` returns, in that order.
        read: returns ever-growing numbers; a value is the difference between two reads. It is called in the
            main thread, four to six times per test and twice per fixture, so it must cost microseconds. What
            it raises switches the probe off, with one warning.
        default: whether it is on without being asked for.
        dear: a read costs a system call. Where a phase or a fixture begins less than 0.2 ms after the last
            read, that one is taken, and `cpu_time` is moved on by the time since.
        install: called before the first read, such as to hook something; what it raises switches it off.
        uninstall: called after the last one.
    """

    metrics: tuple[Metric, ...]
    read: Callable[[], tuple[float, ...]]
    default: bool = True
    dear: bool = False
    install: Callable[[], None] = _nothing
    uninstall: Callable[[], None] = _nothing
