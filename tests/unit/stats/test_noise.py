"""The noise model, on numbers whose truth is known."""

from __future__ import annotations

from math import exp, inf, nan
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.stats.multiplicity import adjusted, upper_tail
from paceline.stats.noise import Noise, Score, fit, scored, widened
from paceline.stats.nomination import RECURRENCES, Nomination, recurs
from paceline.stats.robust import middle, quantile, spread

TIMES = st.floats(1e-5, 1e3)
ANYTHING = st.one_of(st.none(), TIMES, st.sampled_from([0.0, -1.0, inf, nan]))
NUMBERS = st.floats(-1e6, 1e6)


@given(st.lists(NUMBERS, min_size=1))
def test_the_middle_is_the_median(values: list[float]) -> None:
    """As the standard library's, only faster."""
    assert middle(values) == median(values)


@given(st.lists(NUMBERS, min_size=1), st.floats(0, 1))
def test_a_quantile_lies_among_the_values(values: list[float], share: float) -> None:
    """Between the smallest and the largest."""
    ordered = sorted(values)
    assert ordered[0] - 1e-6 <= quantile(ordered, share) <= ordered[-1] + 1e-6


def test_the_spread_of_normal_noise_is_its_standard_deviation() -> None:
    """The estimate is unbiased where the noise is harmless."""
    random = Random(1)
    values = [random.gauss(3, 0.2) for _ in range(20000)]
    assert spread(values, 3) == pytest.approx(0.2, rel=0.05)


def history(random: Random, tests: int, runs: int, sigma: float) -> dict[int, list[float | None]]:
    """Return seconds of tests of 1 ms in runs of different machine speed."""
    speeds = [exp(random.gauss(0, 0.1)) for _ in range(runs)]
    return {test: [0.001 * speed * exp(random.gauss(0, sigma)) for speed in speeds] for test in range(tests)}


def test_the_machines_speed_is_no_part_of_a_tests_noise() -> None:
    """Runs differ by 10 %, tests within a run by 3 %: the model finds the latter."""
    noises = fit(history(Random(2), 200, 20, 0.03))
    assert median(noise.sigma for noise in noises.values()) == pytest.approx(0.03, rel=0.15)


def test_a_lucky_test_is_drawn_to_what_is_usual() -> None:
    """Three equal times don't make a test that never varies."""
    random = Random(3)
    series = history(random, 200, 3, 0.05)
    series[0] = [series[1][0], series[1][1], series[1][2]]
    still: list[float | None] = [0.001, 0.001, 0.001]
    noises = fit({**series, 500: still})
    assert noises[500].sigma > 0.025


@given(
    st.lists(
        st.lists(st.one_of(st.none(), TIMES, st.sampled_from([0.0, -1.0, inf, nan])), min_size=3, max_size=3)
    )
)
def test_any_history_gives_finite_noise(rows: list[list[float | None]]) -> None:
    """Zero, negative, infinite and missing values are passed over; a series without others is left out."""
    noises = fit(dict(enumerate(rows)))
    assert all(noise.sigma > 0 and -20 < noise.centre < 20 for noise in noises.values())
    assert set(noises) <= {
        at for at, row in enumerate(rows) if any(value and 0 < value < inf for value in row)
    }


@given(st.floats(0.65, 1.4))
def test_speed_changes_no_score(speed: float) -> None:
    """A run on a machine that is faster or slower as a whole is judged as the same run."""
    noises = {at: Noise(centre=-5.0, sigma=0.1, runs=10) for at in range(5)}
    run = {at: exp(-5) * (1 + at / 10) for at in range(5)}
    plain, other = scored(noises, run), scored(noises, {key: value * speed for key, value in run.items()})
    assert other.usable
    assert [score.z for score in plain.scores.values()] == pytest.approx(
        [score.z for score in other.scores.values()]
    )


@pytest.mark.parametrize("speed", [0.55, 1.75])
def test_a_machine_that_is_too_different_is_refused(speed: float) -> None:
    """The factor is given all the same."""
    result = scored({1: Noise(centre=0.0, sigma=0.1, runs=1)}, {1: speed})
    assert not result.usable
    assert result.factor == pytest.approx(speed)


def test_without_common_series_there_is_no_factor() -> None:
    """And nothing is judged."""
    result = scored({1: Noise(centre=0.0, sigma=0.1, runs=1)}, {2: 1.0})
    assert (None, False, {}) == (result.factor, result.usable, result.scores)


def test_a_run_that_varies_more_than_the_model_knows_widens_it() -> None:
    """The effect of another job is seen across the tests."""
    random = Random(4)
    noises = {at: Noise(centre=-5.0, sigma=0.05, runs=20) for at in range(400)}
    run = {at: exp(-5 + random.gauss(0, 0.15)) for at in range(400)}
    plain = scored(noises, run)
    wide = widened(plain, noises)
    suspicious = [sum(score.z > 2 for score in result.scores.values()) for result in (plain, wide)]
    assert suspicious[0] > 80
    assert suspicious[1] < 25


@pytest.mark.parametrize(
    ("ratio", "z", "before", "direction"),
    [
        (1.5, 3.0, 0.01, 1),
        (0.5, -3.0, 0.01, -1),
        (1.5, 1.9, 0.01, 0),
        (1.04, 9.0, 0.1, 0),
        (1.5, 9.0, 0.0001, 0),
    ],
)
def test_a_nomination_needs_noise_ratio_and_seconds(
    ratio: float, z: float, before: float, direction: int
) -> None:
    """All three at once."""
    assert Nomination().direction(Score(ratio=ratio, z=z, error=0.1), before) == direction


@given(st.floats(0.001, 1), st.floats(1e-4, 100))
def test_what_is_detectable_is_nominated(error: float, before: float) -> None:
    """A slowdown of that size, measured exactly, is beyond every limit."""
    from math import log

    rule = Nomination()
    ratio = rule.detectable(error, before) * 1.0001
    assert (
        rule.direction(Score(ratio=ratio, z=log(ratio) / error, error=error), before) == 1
        or log(ratio) / error <= rule.z
    )


def test_recurrence_asks_every_job() -> None:
    """One job that is as fast as ever acquits the test, and too few jobs say nothing."""
    noise = Noise(centre=0.0, sigma=0.05, runs=20)
    slow = [0.2] * RECURRENCES
    assert recurs(noise, slow) is True
    assert recurs(noise, [*slow[1:], 0.01]) is False
    assert recurs(noise, slow[1:]) is None


@given(st.dictionaries(st.integers(), st.floats(0, 1)))
def test_adjusted_p_values_keep_the_order(p_values: dict[int, float]) -> None:
    """They are never smaller than before, and never above 1."""
    found = adjusted(p_values)
    assert all(p_values[key] <= found[key] <= 1 for key in p_values)
    order = sorted(p_values, key=lambda key: p_values[key])
    assert [found[key] for key in order] == sorted(found.values())


def test_the_tail_is_that_of_the_normal_distribution() -> None:
    """At the values that everybody knows."""
    assert upper_tail(0) == pytest.approx(0.5)
    assert upper_tail(1.6449) == pytest.approx(0.05, rel=1e-3)
