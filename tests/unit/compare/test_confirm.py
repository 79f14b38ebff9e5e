"""What pairs of runs say of a suspect, and what the verdict is after two confirmations."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from paceline.compare.confirm import Decision, Suspect, concluded, decide
from paceline.model.comparison import Delta, SeriesKey, Verdict
from paceline.stats.sequential import LOOKS

KEY = SeriesKey(suite="s", subject="test", name="t.py::x", phase="call", metric="clean_time")
NOMINATED = Delta(key=KEY, evidence="timed", verdict="inconclusive", ratio=1.4)
BASE, HEAD = [0.1] * 20, [0.15] * 20


def decided(
    suspect: Suspect,
    pairs: int = 20,
    speeds: tuple[Sequence[float], Sequence[float]] = ([1.0] * 20, [1.0] * 20),
    controls: int = 12,
) -> Decision:
    """Return the decision on one suspect beside controls with these machine speeds."""
    known = {
        at: ([0.1 * speed for speed in speeds[0][:pairs]], [0.1 * speed for speed in speeds[1][:pairs]])
        for at in range(controls)
    }
    named = {("suspect", 0): suspect}
    return decide(named, {("control", at): sides for at, sides in known.items()}, pairs)["suspect", 0]


def test_a_slowdown_in_every_pair_is_confirmed() -> None:
    """With its ratio and its interval."""
    found = decided(Suspect(sides=(BASE, HEAD)))
    assert (found.state, found.before, found.after) == ("confirmed", 0.1, 0.15)
    assert found.score is not None
    assert found.score.median == pytest.approx(1.5)


def test_a_slower_machine_is_not_confirmed() -> None:
    """The controls were slower just as much, in every process that it was slow for."""
    speeds = ([1.0, 1.6, 1.0, 1.0, 1.5] * 4, [1.5, 1.0, 1.6, 1.5, 1.0] * 4)
    slowed = tuple([0.1 * speed for speed in side] for side in speeds)
    found = decided(Suspect(sides=(slowed[0], slowed[1])), speeds=speeds)
    assert found.state == "dropped"


def test_controls_that_share_the_change_are_no_slower_machine() -> None:
    """The sides take turns: what slows one of them down in every pair isn't the machine."""
    found = decided(Suspect(sides=(BASE, HEAD)), speeds=([1.0] * 20, [1.48, 1.5, 1.52, 1.5, 1.49] * 4))
    assert found.state == "confirmed"
    assert found.score is not None
    assert found.score.median == pytest.approx(1.5, rel=0.02)


def test_noise_of_the_controls_is_not_put_into_a_steady_test() -> None:
    """Controls that wait for a busy server say nothing about a test that computes."""
    speeds = ([1.0, 1.5, 1.1, 1.6, 1.2] * 4, [1.4, 1.0, 1.6, 1.1, 1.5] * 4)
    head = [value * 0.8 for value in HEAD]
    found = decided(Suspect(sides=(BASE, head)), speeds=speeds)
    assert found.state == "confirmed"
    assert found.score is not None
    assert found.score.median == pytest.approx(1.2)


def test_pairs_that_the_machine_spoilt_are_followed_by_more() -> None:
    """Only at the last look there is nothing left to wait for."""
    spoilt = ([1.0, 3.0] * 10, [3.0, 1.0] * 10)
    assert decided(Suspect(sides=(BASE[:3], HEAD[:3])), pairs=3, speeds=spoilt).state == "go on"
    found = decided(Suspect(sides=(BASE, HEAD)), speeds=spoilt)
    assert found.state == "inconclusive"
    assert "at a comparable machine speed" in (found.reason or "")


def test_a_few_spoilt_pairs_leave_enough_for_a_verdict() -> None:
    """With fewer pairs, a larger error is reckoned with."""
    spoilt = ([1.0] * 20, [1.0] * 16 + [3.0] * 4)
    head = [value * speed for value, speed in zip(HEAD, spoilt[1], strict=True)]
    found = decided(Suspect(sides=(BASE, head)), speeds=spoilt)
    assert found.state == "confirmed"
    assert found.score is not None
    assert found.score.pairs == 16


def test_moved_garbage_collection_is_inconclusive() -> None:
    """Because it comes back in every pair, no number of pairs would tell."""
    found = decided(Suspect(sides=(BASE, HEAD), collections=[(0, 1)] * 20))
    assert (found.state, found.reason) == ("inconclusive", "garbage collection moved to it or away from it")


def test_with_too_few_controls_the_figures_are_judged_as_they_are() -> None:
    """Nothing tells the speed of the machine, so that more is asked of them."""
    found, alone = (decided(Suspect(sides=(BASE, HEAD)), controls=number) for number in (10, 9))
    assert (found.state, alone.state) == ("confirmed", "confirmed")
    assert found.score is not None
    assert alone.score is not None
    assert alone.score.z < found.score.z
    noisy = [value * speed for value, speed in zip(BASE, [1.0, 1.3] * 10, strict=True)]
    noisier = [value * speed for value, speed in zip(BASE, [1.25, 1.0] * 10, strict=True)]
    assert decided(Suspect(sides=(noisy, noisier)), controls=9).state == "dropped"


def test_a_test_that_fails_on_one_side_is_inconclusive() -> None:
    """It doesn't do the same work."""
    found = decided(Suspect(sides=(BASE, HEAD), failed="in the base"))
    assert (found.state, found.reason) == ("inconclusive", "its test failed in the base")


def test_without_a_whole_pair_it_is_inconclusive() -> None:
    """Such as a test that one revision doesn't have."""
    found = decided(Suspect(sides=([None] * 20, HEAD)))
    assert (found.state, found.before, found.after) == ("inconclusive", None, 0.15)


def test_pairs_across_a_change_of_speed_are_told() -> None:
    """After the last look too few pairs are left."""
    found = decided(Suspect(sides=(BASE, HEAD)), speeds=([1.0] * 20, [1.0] * 8 + [3.0] * 12))
    assert found.state == "inconclusive"
    assert found.reason == "12 of 20 pairs don't count: the machine's speed changed within them"


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("dropped", None, "unchanged"),
        ("confirmed", "confirmed", "regressed"),
        ("confirmed", "dropped", "inconclusive"),
        ("confirmed", None, "inconclusive"),
        ("confirmed", "inconclusive", "inconclusive"),
        ("inconclusive", None, "inconclusive"),
        ("go on", None, "inconclusive"),
    ],
)
def test_only_two_confirmations_convict(first: str, second: str | None, verdict: Verdict) -> None:
    """Everything else leaves the build alone."""
    known = {state: Decision(state=state) for state in ("go on", "dropped", "confirmed", "inconclusive")}
    found = concluded(NOMINATED, known[first], known[second] if second else None, "the time was up")
    assert found.verdict == verdict


def test_the_verdict_carries_the_figures_of_the_last_pairs() -> None:
    """And how small a change they would have shown."""
    decision = decided(Suspect(sides=(BASE, HEAD)))
    found = concluded(NOMINATED, decision, decision)
    assert (found.runs, found.reason) == ((20, 20), "confirmed twice, in 40 pairs")
    assert found.ratio == pytest.approx(1.5)
    assert found.detectable is not None
    assert 1.05 <= found.detectable < 1.2


def in_loops(first: Sequence[float], second: Sequence[float], least: Sequence[float], pairs: int) -> Decision:
    """Return the decision on a test whose base takes 0.1 s every time, and its head these seconds."""
    base = [0.1] * pairs
    suspect = Suspect(sides=(base, first[:pairs]), least=(base, least[:pairs]), second=second[:pairs])
    controls = {("control", at): (base, base) for at in range(12)}
    return decide({("suspect", 0): suspect}, controls, pairs, LOOKS, None, controls)["suspect", 0]


NOISY = [0.1, 0.13, 0.09, 0.12, 0.14, 0.11, 0.1, 0.12, 0.13, 0.09]


def test_the_least_of_several_loops_decides() -> None:
    """A fifth more is confirmed after six pairs, and noise of single runs is dropped after three."""
    slower = [0.12, 0.1205, 0.1195, 0.12, 0.12, 0.1205]
    assert in_loops(NOISY, slower, slower, 3).state == "go on"
    assert in_loops(NOISY, slower, slower, 6).state == "confirmed"
    assert in_loops([0.12, 0.14, 0.13], [0.13, 0.14, 0.12], [0.1, 0.1005, 0.0995], 3).state == "dropped"


def test_what_only_happens_the_first_time_is_still_found() -> None:
    """Such as a cache that is filled: later runs don't show it, so that the first ones are judged as well."""
    first, later = [0.2] * 10, [0.1] * 10
    assert in_loops(first, later, later, 3).state == "go on"
    assert in_loops(first, later, later, 10).state == "confirmed"


def test_loops_without_controls_in_them_say_nothing() -> None:
    """The single runs are judged then."""
    suspect = Suspect(sides=(BASE, HEAD), least=(BASE, BASE), second=BASE)
    controls = {("control", at): (BASE, BASE) for at in range(12)}
    assert decide({("s", 0): suspect}, controls, 20, LOOKS, None, {})["s", 0].state == "confirmed"
