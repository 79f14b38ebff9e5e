"""What a profile runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.config import Config, Suite
from paceline.errors import UnknownSuiteError
from paceline.profile.plan import Selection, Step, arguments, chosen, steps, visible_command

CONFIG = Config(suites=(Suite(name="a", marker="a", flag="--a"), Suite(name="b", marker="b", rounds=3)))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_every_suite_has_its_rounds_in_order_and_interleaved(rounds: list[int]) -> None:
    """No suite begins round n + 1 before every other has had its round n."""
    suites = [Suite(name=f"s{at}", rounds=number) for at, number in enumerate(rounds)]

    plan = steps(suites, None)

    assert [sum(step.suite == suite for step in plan) for suite in suites] == rounds
    assert [step.round for step in plan] == sorted(step.round for step in plan)


def test_rounds_on_the_command_line_hold_for_every_suite() -> None:
    """They override the configuration."""
    assert len(steps(CONFIG.suites, 2)) == 4


def test_naming_a_suite_twice_runs_it_once() -> None:
    """And the order is that of the command line."""
    assert [suite.name for suite in chosen(CONFIG, ["b", "a", "b"], None)] == ["b", "a"]
    assert [suite.name for suite in chosen(CONFIG, [], None)] == ["a", "b"]


def test_an_unknown_suite_lists_the_known_ones() -> None:
    """Where nothing is near, the hint names all."""
    with pytest.raises(UnknownSuiteError) as caught:
        chosen(CONFIG, ["zebra"], None)

    assert caught.value.hint == "The suites are a, b."


def test_the_command_is_what_a_person_would_type() -> None:
    """Marker, flag, durations, workers and the suite's own arguments; nothing of the recorder's."""
    suite = Suite(name="a", marker="a and not b", flag="--a", workers=2, args=("-x",), paths=("tests/a",))

    command = visible_command(suite, 25)

    assert command == (
        "python", "-m", "pytest", "-m", "a and not b", "--a", "--durations=25", "-n", "2", "--dist=loadscope",
        "-x", "tests/a",
    )  # fmt: skip
    assert set(command[1:]) < set(arguments(Step(suite=suite, round=2), 25, "run.jsonl", Selection()))
    narrowed = arguments(Step(suite=suite, round=2), 25, "run.jsonl", Selection(paths=("tests/a/t.py",)))
    assert ("tests/a" in narrowed, narrowed[-1]) == (False, "tests/a/t.py")
