"""Pairs of runs: scores, looks and controls."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.stats.controls import LEAST_CONTROLS, chosen_controls, yardstick
from paceline.stats.paired import detectable, log_pairs, paired_score
from paceline.stats.sequential import LOOKS, TOTALS, next_look, step

LOGS = st.floats(-8, 3)
PAIRS = st.lists(st.tuples(LOGS, LOGS), min_size=1, max_size=12)


@given(PAIRS)
def test_slower_one_way_is_faster_the_other_way(pairs: list[tuple[float, float]]) -> None:
    """The score doesn't prefer a side."""
    there = paired_score(pairs, 0.1)
    back = paired_score([(after, before) for before, after in pairs], 0.1)
    assert there.median == pytest.approx(1 / back.median)
    assert there.z == pytest.approx(-back.z)


@given(PAIRS, st.floats(-1, 1))
def test_a_uniform_change_shifts_the_ratio(pairs: list[tuple[float, float]], shift: float) -> None:
    """By exactly that factor."""
    plain = paired_score(pairs, 0.1)
    moved = paired_score([(before, after + shift) for before, after in pairs], 0.1)
    assert moved.median == pytest.approx(plain.median * exp(shift))


def test_one_lucky_run_does_not_convict() -> None:
    """A base with one very fast run makes the minima differ, and they aren't asked."""
    pairs = [(0.0, 0.0)] * 9 + [(-1.0, 0.0)]
    assert paired_score(pairs, 0.05).median == pytest.approx(1.0)
    assert step(paired_score(pairs, 0.05)) == "dropped"


@given(PAIRS)
def test_the_faster_halves_are_compared_alike(pairs: list[tuple[float, float]]) -> None:
    """Their score prefers no side either, and the lesser of both scores decides."""
    there = paired_score(pairs, 0.1)
    back = paired_score([(after, before) for before, after in pairs], 0.1)
    assert there.faster == pytest.approx(-back.faster)
    assert there.least == min(there.z, there.faster)


def test_what_only_slows_the_slower_half_does_not_convict() -> None:
    """Most runs of the head were disturbed; those that weren't are as fast as the base."""
    pairs = [(0.0, 0.0)] * 9 + [(0.0, log(1.5))] * 11
    found = paired_score(pairs, 0.05)
    assert found.median > 1.4
    assert found.z > LOOKS[-1].z
    assert step(found) == "dropped"
    assert step(found, TOTALS) == "confirmed"


def test_no_pair_is_an_error() -> None:
    """There is nothing that could be scored."""
    with pytest.raises(ValueError, match="no pair"):
        paired_score([], 0.1)


@pytest.mark.parametrize(
    ("pairs", "found"), [(2, "go on"), (3, "go on"), (6, "go on"), (9, "go on"), (10, "confirmed")]
)
def test_a_slowdown_of_a_fifth_takes_ten_pairs_of_a_steady_test(pairs: int, found: str) -> None:
    """Until then it stays a candidate."""
    assert step(paired_score([(0.0, log(1.2))] * pairs, 0.05)) == found


@pytest.mark.parametrize(
    ("pairs", "found"), [(10, "go on"), (14, "go on"), (15, "go on"), (19, "go on"), (20, "confirmed")]
)
def test_what_ten_pairs_leave_undecided_is_given_more(pairs: int, found: str) -> None:
    """A fifth, where a pair usually differs by as much."""
    assert step(paired_score([(0.0, log(1.2))] * pairs, 0.41)) == found


def test_an_obvious_slowdown_is_confirmed_early() -> None:
    """Four more pairs would tell nothing."""
    assert step(paired_score([(0.0, log(3))] * 6, 0.1)) == "confirmed"


def test_what_asks_for_more_at_the_end_is_not_satisfied_with_less_before() -> None:
    """Such as a suite in which chance has come near to a confirmation."""
    *earlier, last = LOOKS
    score = paired_score([(0.0, log(1.2))] * 10, 0.18)
    assert 4.6 < score.z < 5
    assert step(score) == "confirmed"
    assert step(score, (*earlier, replace(last, z=6.0))) == "go on"


def test_no_change_is_dropped_at_the_first_look() -> None:
    """Most of what is suspicious by chance costs three pairs."""
    assert step(paired_score([(0.0, 0.01)] * 3, 0.1)) == "dropped"


def test_looks_follow_one_another() -> None:
    """After the last there is none."""
    assert [3, 3, 6, 10, None] == [next_look(pairs) for pairs in (0, 2, 3, 6, LOOKS[-1].pairs)]


@pytest.mark.parametrize("bad", [None, 0.0, -1.0, inf])
def test_a_pair_without_a_time_on_both_sides_is_left_out(bad: float | None) -> None:
    """As is one in which the machine changed its speed."""
    speeds = [(0.0, 0.0), (0.0, 0.0), None]
    assert log_pairs([1.0, bad, 1.0], [2.0, 2.0, 2.0], speeds) == ((0.0, log(2.0)),)


def sides(number: int, base: list[float], head: list[float]) -> dict[int, tuple[list[float], list[float]]]:
    """Return as many controls with these machine speeds."""
    return {
        at: ([0.01 * (at + 1) * speed for speed in base], [0.01 * (at + 1) * speed for speed in head])
        for at in range(number)
    }


def test_controls_tell_the_speed_of_each_process() -> None:
    """Relative to the session's median process, so that differences within a pair cancel out."""
    found = yardstick(sides(12, [1.0, 1.2, 1.0], [1.0, 1.5, 1.0]), 3)
    assert found is not None
    assert found.speeds[1] is not None
    assert [*found.speeds[1]] == pytest.approx([log(1.2), log(1.5)])
    assert found.drift == pytest.approx(0.0)


def test_a_pair_across_a_change_of_speed_does_not_count() -> None:
    """Its two runs were made on different machines, as it were."""
    found = yardstick(sides(12, [1.0, 1.0, 1.0], [1.0, 2.0, 1.0]), 3)
    assert found is not None
    assert found.speeds[1] is None


def test_pairs_count_when_all_heads_are_slower_however_much() -> None:
    """That is what they run, and no machine; a pair that differs from the others still doesn't count."""
    found = yardstick(sides(12, [1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 6.0, 3.0]), 4)
    assert found is not None
    assert [speed is not None for speed in found.speeds] == [True, True, False, True]
    assert found.drift == pytest.approx(log(3))


def test_too_few_controls_are_no_yardstick() -> None:
    """One fewer than needed."""
    assert yardstick(sides(LEAST_CONTROLS - 1, [1.0], [1.0]), 1) is None


@given(st.lists(st.floats(1e-4, 10), min_size=2, max_size=40), st.data())
def test_controls_are_never_suspects(seconds: list[float], data: st.DataObject) -> None:
    """As many as are asked for, or as there are."""
    durations = dict(enumerate(seconds))
    nominated = data.draw(st.lists(st.sampled_from(sorted(durations)), min_size=1, unique=True))
    found = chosen_controls(durations, nominated, 5)
    assert set() == {*found} & {*nominated}
    assert len(found) == len({*found}) == min(5, len(durations) - len(nominated))


def test_controls_are_alike_in_duration() -> None:
    """A test of a second says little about the noise of one of a millisecond."""
    assert chosen_controls({0: 1.0, 1: 0.001, 2: 0.9, 3: 0.0012}, [1], 1) == (3,)


def test_more_pairs_see_smaller_changes() -> None:
    """Down to the smallest that a confirmation accepts."""
    found = [detectable(0.1, pairs, z=3.0, change=0.05) for pairs in (3, 10, 1000)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 1.05
