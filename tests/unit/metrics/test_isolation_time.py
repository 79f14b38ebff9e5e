"""The stopwatch that runs while isolation works."""

from __future__ import annotations

import pytest

from paceline.clock import Clock
from paceline.metrics import files, isolation_time
from paceline.metrics.counts import COUNTS
from paceline.metrics.isolation_time import PROBE, Stopwatch


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """A stopwatch in a world where every look at a clock takes a second, or half of one of CPU time."""
    wall, cpu = iter(range(100)), iter(range(100))
    clock = Clock(counter=lambda: float(next(wall)), cpu=lambda: next(cpu) / 2)
    monkeypatch.setattr(isolation_time, "CLOCK", clock)
    monkeypatch.setattr(COUNTS, "numbers", [0.0] * len(COUNTS.numbers))
    return Stopwatch()


def counted() -> tuple[float, float]:
    """Return wall and CPU seconds as a reader finds them now."""
    assert PROBE.place is not None
    for going in COUNTS.going:
        going()
    wall, cpu = COUNTS.numbers[PROBE.place : PROBE.place + 2]
    return wall, cpu


def test_work_adds_up(stopwatch: Stopwatch) -> None:
    """Wall and CPU time of every piece."""
    for _ in range(3):
        with stopwatch:
            pass

    assert (3.0, 1.5) == counted()


def test_work_within_work_is_counted_once(stopwatch: Stopwatch) -> None:
    """The outermost piece covers the others."""
    with stopwatch, stopwatch, stopwatch:
        pass

    assert (1.0, 0.5) == counted()


def test_work_that_goes_on_is_counted_so_far(stopwatch: Stopwatch) -> None:
    """Whoever looks in the middle doesn't take it for something else."""
    with stopwatch:
        assert [(1.0, 0.5), (2.0, 1.0)] == [counted(), counted()]

    assert (3.0, 1.5) == counted() == counted()


def test_work_that_raises_is_counted(stopwatch: Stopwatch) -> None:
    """And the stopwatch stands still afterwards."""
    with pytest.raises(ZeroDivisionError), stopwatch:
        raise ZeroDivisionError
    with stopwatch:
        pass

    assert counted() == (2.0, 1.0)


def test_files_that_isolation_opens_are_not_the_projects() -> None:
    """How many they are depends on what an earlier run has kept, so no count of a project's may hold them."""
    place = files.PROBE.place
    assert place is not None
    before = COUNTS.numbers[place]
    with isolation_time.STOPWATCH:
        files._open(("server.log", "r", 0))
    assert COUNTS.numbers[place] == before
    files._open(("orders.csv", "r", 0))
    assert COUNTS.numbers[place] == before + 1
