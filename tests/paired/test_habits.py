"""What runs of a suite against itself say about chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.paired.habits import Habits, calibrated
from paceline.stats.proportion import upper_bound
from paceline.stats.sequential import AGAIN, LOOKS


def pairs_of(shuffle: random.Random, seconds: float, spread: float) -> list[tuple[float, float]]:
    """Return the log seconds of ten pairs that differ by chance only."""
    from math import log

    return [(shuffle.gauss(log(seconds), spread), shuffle.gauss(log(seconds), spread)) for _ in range(10)]


def test_the_spread_of_each_class_is_found() -> None:
    """The ratio of two figures varies by the square root of two times as much as each of them."""
    shuffle = random.Random(1)
    series = [pairs_of(shuffle, seconds, spread) for seconds, spread in [(0.002, 0.1), (0.02, 0.03)] * 60]
    found = calibrated(series, pairs=10, at="", cpu=None, python="3.11")
    assert [one.below for one in found.classes] == [0.005, 0.05]
    assert [one.series for one in found.classes] == [60, 60]
    # The spread takes the larger of two estimates, so that it lies a little above.
    assert [one.spread for one in found.classes] == pytest.approx([0.141, 0.042], rel=0.3)
    assert found.trials == 240
    assert found.classes[0].detectable > found.classes[1].detectable >= 1.05


def test_a_suite_with_wild_tests_asks_for_more() -> None:
    """Where chance has come near to a confirmation, a confirmation takes more than that."""
    shuffle = random.Random(2)
    wild = [(0.0, 0.5)] * 10
    series = [pairs_of(shuffle, 0.02, 0.02) for _ in range(50)] + [wild]
    habits = Habits(calibration=calibrated(series, pairs=10, at="", cpu=None, python="3.11"))
    assert habits.calibration is not None
    assert habits.calibration.alarms == 1
    assert habits.looks(again=False)[:-1] == LOOKS[:-1]
    assert habits.looks(again=False)[-1].z > LOOKS[-1].z
    assert habits.looks(again=True) == AGAIN


def test_without_a_calibration_the_usual_is_asked() -> None:
    """And nothing is said about how much tests vary."""
    assert Habits().looks(again=False) == LOOKS
    assert Habits().usual(1.0) is None


def test_series_that_miss_a_pair_say_nothing() -> None:
    """A test that failed in one of the runs is not judged."""
    with pytest.raises(ValueError, match="no series"):
        calibrated([[(0.0, 0.0)] * 9], pairs=10, at="", cpu=None, python="3.11")


@pytest.mark.parametrize(
    ("successes", "trials", "expected"), [(0, 100, 0.02951), (1, 100, 0.04656), (5, 50, 0.19884), (3, 3, 1.0)]
)
def test_the_bound_is_that_of_clopper_and_pearson(successes: int, trials: int, expected: float) -> None:
    """Values from tables of the beta distribution."""
    assert upper_bound(successes, trials) == pytest.approx(expected, abs=2e-5)


@given(st.integers(0, 30), st.integers(1, 2000))
def test_more_successes_never_lower_the_bound(successes: int, more: int) -> None:
    """And it lies above what was seen."""
    trials = successes + more
    assert successes / trials < upper_bound(successes, trials) <= upper_bound(successes + 1, trials) + 1e-12


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_what_is_no_proportion_is_an_error(successes: int, trials: int) -> None:
    """It would be a number without meaning."""
    with pytest.raises(ValueError, match="no proportion"):
        upper_bound(successes, trials)
