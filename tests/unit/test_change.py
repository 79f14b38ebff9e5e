"""What is comparable, and how a suite moved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harness.records import make_environment, make_run, make_test

from paceline.compare.change import change
from paceline.compare.comparable import differences
from paceline.model.change import Turn
from paceline.model.profile import Profile
from paceline.profile.aggregate import aggregate


def _profile(wall: float = 1.0, *names: str) -> Profile:
    return aggregate("s", "s", "c", [make_run(*(make_test(name) for name in names or ("a",)), wall=wall)])


def test_a_ratio_is_the_new_time_by_the_old() -> None:
    """1.5 is half as much again."""
    moved = change(_profile(2.0), _profile(3.0))

    assert (moved.kind, moved.wall_ratio, moved.cpu_ratio) == ("changed", 1.5, 1.5)


def test_without_a_stored_profile_it_is_the_first() -> None:
    """No baseline is a state of its own, not a pass."""
    assert change(None, _profile()).kind == "first"


def test_a_baseline_that_was_not_measured_is_never_divided_by() -> None:
    """Neither a speed-up nor a slow-down comes from a suite that never ran."""
    before = Profile(suite="s", marker="s", command="c", status="not_provisioned")

    assert change(before, _profile()).kind == "baseline_not_measured"
    assert change(_profile(), before).kind == "not_measured"


def test_tests_that_came_and_went_are_named() -> None:
    """So that a smaller suite doesn't look like a faster one."""
    moved = change(_profile(1.0, "a", "b"), _profile(1.0, "b", "c", "d"))

    assert (moved.added, moved.removed) == (("c", "d"), ("a",))


def test_skipped_tests_count_as_gone() -> None:
    """46 tests skipped are 46 tests that did not run."""
    after = aggregate("s", "s", "c", [make_run(make_test("a"), make_test("b", outcome="skipped"))])

    assert change(_profile(1.0, "a", "b"), after).removed == ("b",)


def test_tests_that_ended_differently_are_named_also_where_times_are_not_comparable() -> None:
    """8 passed serially and 7 in parallel: one of them depends on another."""
    after = aggregate("s", "s", "c", [make_run(make_test("a", outcome="failed"), workers=2)])

    moved = change(_profile(), after)

    assert moved.kind == "not_comparable"
    assert moved.turned == (Turn(nodeid="a", before="passed", after="failed"),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"python": "3.13.0"}, "Python CPython 3.12 → CPython 3.13"),
        ({"cpu_model": None}, "CPU A CPU → none"),
        ({"cpu_count": 2}, "CPU count 4 → 2"),
        ({"services": {"postgresql": "18.6"}}, "postgresql none → 18.6"),
    ],
)
def test_another_environment_is_not_comparable(changes: dict[str, object], reason: str) -> None:
    """The reason says what changed from what to what."""
    before = _profile()
    after = replace(_profile(), environment=make_environment(**changes))

    assert differences(before, after) == (reason,)
    assert change(before, after).kind == "not_comparable"


def test_another_layout_of_workers_is_not_comparable() -> None:
    """Serial and parallel wall times are different things."""
    after = aggregate("s", "s", "c", [make_run(make_test("a"), workers=2)])

    assert differences(_profile(), after) == ("workers 0 → 2", "dist none → loadscope")


def test_another_command_is_not_comparable() -> None:
    """Other arguments select or run tests in another way."""
    after = replace(_profile(), command="pytest -x")

    assert differences(_profile(), after) == ("command c → pytest -x",)


def test_a_patch_release_of_python_is_comparable() -> None:
    """Only minor versions change what code costs by much."""
    after = replace(_profile(), environment=make_environment(python="3.12.9"))

    assert differences(_profile(), after) == ()


def test_an_unknown_environment_is_not_comparable() -> None:
    """A file that doesn't say where it was measured can't be compared with."""
    assert differences(replace(_profile(), environment=None), _profile()) == ("unknown environment",)
