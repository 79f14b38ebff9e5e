"""What of a suite is embedded in the page, and what stands above it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import a_run, a_test, phase
from tests.harness.pages import large_view, some_run, view_of

from paceline.explain.division import examined
from paceline.explain.view import suite_view
from paceline.model.comparison import Comparison, Delta, SeriesKey, Verdict
from paceline.model.page import SuiteView
from paceline.report.document import Tone
from paceline.report.html.embedded import embedded
from paceline.report.html.verdict import verdict


def names_of(suite: dict[str, Any]) -> list[str]:
    """Return the names of the tests as the page puts them together."""
    names: list[str] = []
    for same, rest, *_ in suite["tests"]:
        names.append((names[-1][:same] if names else "") + rest)
    return names


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8, unique=True))
def test_whatever_a_test_is_called_stands_in_a_script_element(names: list[str]) -> None:
    """No character can end the element, and every printable name comes back whole."""
    view = view_of(a_run(*(a_test(name, phase("call", 1.0)) for name in names)))

    text, shown = embedded((view,))

    assert not set(text) & {"<", ">"}
    found = names_of(json.loads(text)["suites"][0])
    assert {test.nodeid for test in view.tests if test.nodeid.isprintable()} <= set(found)
    assert (shown.tests, shown.of_tests) == (len(names), len(names))


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e4)), min_size=1, max_size=30))
def test_times_come_back_within_a_step(history: list[float | None]) -> None:
    """A step is the range of the test by the number of levels; a run that lacks the test stays empty."""
    name = "tests/test_orders.py::test_a"
    run = a_run(a_test("test_a", phase("call", 1.0)))
    runs = [(float(at), {} if one is None else {name: one}) for at, one in enumerate(history)]

    content = json.loads(embedded((suite_view(examined(run), "pytest", runs, 0),))[0])

    *_, low, high, levels = content["suites"][0]["tests"][0]
    step = (high - low) / (len(content["levels"]) - 1)
    for one, level in zip(history, levels, strict=True):
        if one is None:
            assert level == content["none"]
        else:
            assert abs(low + content["levels"].index(level) * step - one * 1e6) <= step / 2 + 2


def test_too_many_runs_are_left_out_and_it_says_so() -> None:
    """The newest stay; how many there were is told."""
    text, shown = embedded((large_view(tests=5, runs=130),))

    assert (shown.runs, shown.of_runs) == (100, 130)
    assert json.loads(text)["suites"][0]["after"] == 99
    assert {len(test[-1]) for test in json.loads(text)["suites"][0]["tests"]} == {100}


def test_too_many_tests_are_left_out_and_it_says_so() -> None:
    """The slowest stay."""
    _, shown = embedded((large_view(tests=5100, runs=2),))

    assert (shown.tests, shown.of_tests) == (5000, 5100)


def compared(*verdicts: Verdict, selections: tuple[str, ...] = ()) -> SuiteView:
    """Return a suite with one changed test for each verdict."""
    deltas = [
        Delta(
            key=SeriesKey(suite="schema", subject="test", name=f"t{at}", phase="call", metric="duration"),
            evidence="total",
            verdict=one,
        )
        for at, one in enumerate(verdicts)
    ]
    comparison = Comparison(
        suite="schema",
        base="main:",
        candidate="these runs",
        deltas=tuple(deltas),
        selections=selections,
        renamed={},
    )
    return suite_view(examined(some_run()), "pytest", [], 0, comparison)


@pytest.mark.parametrize(
    ("view", "word", "tone"),
    [
        (compared("regressed", "unchanged"), "regressed", "bad"),
        (compared("inconclusive"), "no regression", "good"),
        (compared("not_comparable", selections=("other tests",)), "not comparable", "warning"),
        (compared(), "nothing to compare", "warning"),
        (view_of(some_run()), "measured", "plain"),
        (view_of(some_run(end=None)), "interrupted", "warning"),
    ],
)
def test_the_verdict_is_one_word(view: SuiteView, word: str, tone: Tone) -> None:
    """States that are not the same don't look the same."""
    found = verdict(view)

    assert (found.word, found.tone) == (word, tone)


def test_what_regressed_most_is_told_beside_it() -> None:
    """In the words of the table of changes."""
    assert verdict(compared("regressed", "unchanged")).worst.startswith("t0: ")
    assert verdict(compared("improved")).worst == ""
