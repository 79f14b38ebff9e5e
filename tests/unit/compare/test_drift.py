"""Figures held against a fixed point in the past: small steps are seen, and noise isn't taken for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp
from random import Random

import pytest
from tests.harness.figures import a_series, a_side, crowd, of
from tests.harness.records import make_run, make_test

from paceline.compare.compare import compare
from paceline.compare.drift import judge_drift
from paceline.compare.rules import Rules
from paceline.model.baseline import Anchor
from paceline.model.comparison import Delta
from paceline.model.cost import Operation

RULES = Rules()


def an_anchor(tests: Mapping[str, float]) -> Anchor:
    """Return what was kept of a run long ago."""
    return Anchor(
        recorded_at="2026-01-01T00:00:00Z",
        commit="c" * 40,
        python="3.12.0",
        cpu_model="A CPU",
        workers=0,
        metric="clean_time",
        total=sum(tests.values()),
        tests=tests,
    )


def drifted(then: Mapping[str, float], *runs: Mapping[str, float]) -> list[Delta]:
    """Return the tests that are said to have drifted by `runs`."""
    now = {nodeid: {"clean_time": [run[nodeid] for run in runs]} for nodeid in then}
    side = a_side(*(a_series(nodeid, call) for nodeid, call in now.items()), rounds=len(runs))
    return [delta for delta in judge_drift(an_anchor(then), side, RULES) if delta.key.subject == "test"]


def scattered(random: Random, spread: float, number: int = 300) -> dict[str, float]:
    """Return a run of unchanged tests, one in twenty of which met something else on the machine."""
    return {
        f"t.py::test_{at}": 0.006 * 1.02**at * exp(random.gauss(0, spread)) * random.choice([1] * 19 + [2.5])
        for at in range(number)
    }


def test_small_steps_add_up() -> None:
    """Unchanged against the last figures, and not against the anchor."""
    anchor = an_anchor({test.nodeid: 0.01 for test in crowd()} | {"t.py::x": 0.01})
    base = replace(a_side(a_series("t.py::x", 0.0152), *crowd()), anchor=anchor)
    found = compare(base, a_side(a_series("t.py::x", 0.0155), *crowd(), rounds=2), RULES)
    assert of(found, "t.py::x").verdict == "unchanged"
    drift = of(found, "t.py::x", "drift")
    assert drift.verdict == "inconclusive"
    assert drift.ratio == pytest.approx(1.55)
    assert drift.reason == (
        "drifted since the anchor of 2026-01-01, confirm it with paceline gate --base cccccccccc"
    )


@pytest.mark.parametrize("spread", [0.03, 0.15, 0.4])
def test_noise_is_no_drift(spread: float) -> None:
    """However much the runs vary: two that are wild in a row, of one test in 400, are all that is named."""
    random = Random(1)
    named = 0
    for _ in range(20):
        then, now, again = (scattered(random, spread) for _ in range(3))
        named += len(drifted(then, now, again))
        assert drifted(then, now) == []
    assert named / 20 / 300 < 0.004


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_what_has_really_drifted_stands_out(share: float) -> None:
    """Twenty steps of a few percent each, on a machine that is a fifth slower than it was."""
    random = Random(2)
    then = {f"t.py::test_{at}": 0.02 * exp(random.gauss(0, 0.04)) for at in range(100)}
    now = {nodeid: 1.2 * seconds * exp(random.gauss(0, 0.04)) for nodeid, seconds in then.items()}
    slower = {nodeid: seconds * (1 + share) for nodeid, seconds in list(now.items())[:5]}
    assert {delta.key.name for delta in drifted(then, now | slower, now | slower)} == slower.keys()


def test_what_the_base_says_is_no_cause_of_it() -> None:
    """The change under review isn't blamed for what came before it."""
    query = Operation(kind="sql", what="SELECT item", where="shop/orders.py:88", count=4)
    setup, call, teardown = make_test("t.py::x").phases
    record = replace(make_test("t.py::x"), phases=(setup, replace(call, operations=(query,)), teardown))
    anchor = an_anchor({test.nodeid: 0.01 for test in crowd()} | {"t.py::x": 0.01})
    base = replace(a_side(a_series("t.py::x", 0.02), *crowd()), anchor=anchor)
    head = replace(a_side(a_series("t.py::x", 0.02), *crowd(), rounds=2), runs=(make_run(record),))
    assert of(compare(base, head, RULES), "t.py::x", "drift").causes == ()
