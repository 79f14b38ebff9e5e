"""What of a suite is embedded in the page, and what stands above it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.costs import a_run, a_test, phase
from tests.harness.pages import large_view, page_of, some_run, view_of

from paceline.explain.division import examined
from paceline.explain.view import suite_view
from paceline.model.comparison import Comparison, Delta, SeriesKey, Verdict
from paceline.model.page import SuiteView
from paceline.report.html.embedded import embedded
from paceline.report.verdict import verdict_of_view


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
    ("view", "state"),
    [
        (compared("regressed", "unchanged"), "regressed"),
        (compared("inconclusive"), "passed"),
        (compared("not_comparable", selections=("other tests",)), "not_comparable"),
        (view_of(some_run()), "no_baseline"),
        (view_of(some_run(end=None)), "not_measured"),
    ],
)
def test_the_verdict_is_that_of_every_other_format(view: SuiteView, state: str) -> None:
    """States that are not the same don't look the same."""
    found = verdict_of_view(view)

    assert (found.state, found.tests) == (state, 2)


def test_what_regressed_is_told_first() -> None:
    """In the words of the table of changes; an improvement is nothing wrong."""
    assert "What is wrong" in page_of(compared("regressed", "unchanged"))
    assert "<h1>Heavy tests got slower</h1>" in page_of(compared("regressed"))
    assert "What is wrong" not in page_of(compared("improved"))


def test_a_part_without_figures_says_why() -> None:
    """That nobody looked isn't that there was nothing."""
    run = a_run(a_test("test_a", phase("call", 1.0)))
    header = replace(run.header, metrics=run.header.metrics[:1])
    page = page_of(view_of(run), view_of(replace(run, header=header), earlier=0))

    assert "No timeline: this run doesn&#39;t say when each test ran." in page
    assert "No fixtures: this run tells of none." in page
    assert "No SQL statements: none was run." in page
    assert "No SQL statements: this run didn&#39;t record them" in page
    assert "No history: this is the only run of its suite" in page
