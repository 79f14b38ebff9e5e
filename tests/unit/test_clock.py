"""The clocks that can't be frozen."""

from __future__ import annotations

import time

import pytest

from paceline.clock import CLOCK, Clock


def test_what_is_patched_later_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each function was taken when the clock was made."""

    def broken(*_: object) -> float:
        raise AssertionError

    clock = Clock()
    for name in ("time", "perf_counter", "process_time", "sleep", "clock_gettime"):
        monkeypatch.setattr(time, name, broken)
    clock.sleep(0)
    assert clock.cpu() >= 0
    assert clock.boot is not None
    assert clock.boot() > 0
    assert clock.now() >= clock.at(clock.counter() - 1)


def test_wall_time_is_derived_from_the_counter() -> None:
    """A fake counter moves the wall clock with it."""
    clock = Clock(counter=iter((10.0, 12.5)).__next__, _epoch=1000.0)
    assert (clock.now(), clock.now()) == (1010.0, 1012.5)
    assert clock.at(11.0) == 1011.0


def test_the_shared_clock_tells_the_time() -> None:
    """Within what the system's clock may be corrected by."""
    assert abs(CLOCK.now() - time.time()) < 60
