"""What a machine says about itself while tests run."""

from __future__ import annotations

import os

import pytest

from paceline.record.machine import Machine, stolen, throttled


@pytest.mark.parametrize(
    ("lines", "ticks"),
    [
        (["cpu  10 20 30 40 50 60 70 800 0 0", "cpu0 1 1 1 1 1 1 1 1 0 0"], 800),
        (["cpu  10 20 30 40"], None),
        ([], None),
    ],
)
def test_steal_is_the_eighth_number_of_all_processors(lines: list[str], ticks: int | None) -> None:
    """In ticks of the kernel's clock; an old kernel has fewer numbers."""
    assert stolen(lines) == (None if ticks is None else ticks / os.sysconf("SC_CLK_TCK"))


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [(["usage_usec 5", "throttled_usec 1500000"], 1.5), (["usage_usec 5"], None), ([], None)],
)
def test_throttling_is_told_in_microseconds(lines: list[str], seconds: float | None) -> None:
    """A group without a limit may not have the line."""
    assert throttled(lines) == seconds


def test_the_state_covers_the_time_since_it_was_made() -> None:
    """CPU time is the process's own; nothing is negative."""
    state = Machine("gw0").state()
    assert state.worker == "gw0"
    assert state.cpu_time is not None
    assert state.cpu_time > 0
    assert state.steal is None or state.steal >= 0
    assert state.peak_rss is not None
    assert state.peak_rss > 1_000_000
