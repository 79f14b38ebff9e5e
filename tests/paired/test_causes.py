"""What a sum over tests is said to have grown by."""

from __future__ import annotations

from typing import Literal

from paceline.model.comparison import Cause, Delta, SeriesKey, Verdict
from paceline.model.run import PhaseName
from paceline.paired.causes import with_causes


def a_test(
    name: str,
    *causes: Cause,
    phase: PhaseName = "call",
    metric: str = "clean_time",
    verdict: Verdict = "regressed",
) -> Delta:
    """Return a test that is slower, or counts more."""
    key = SeriesKey(suite="s", subject="test", name=name, phase=phase, metric=metric)
    return Delta(
        key=key,
        evidence="timed",
        verdict=verdict,
        before=0.1,
        after=0.2,
        ratio=2.0,
        causes=causes,
    )


def a_sum(subject: Literal["suite", "part"], name: str, ratio: float = 1.5) -> Delta:
    """Return a sum over tests that is slower by a half."""
    key = SeriesKey(suite="s", subject=subject, name=name, phase=None, metric="clean_time")
    return Delta(key=key, evidence="total", verdict="regressed", before=1.0, after=ratio, ratio=ratio)


def causes(*deltas: Delta) -> dict[str, list[tuple[str, str | None, float]]]:
    """Return what every sum is said to have grown by."""
    found = with_causes({delta.key: delta for delta in deltas})
    return {
        key.name: [(cause.text, cause.where, round(cause.seconds or 0.0, 3)) for cause in delta.causes]
        for key, delta in found.items()
        if key.subject != "test"
    }


def slept(seconds: float, number: int) -> Cause:
    """Return a sleep at one place."""
    return Cause(text=f"{number} sleeps instead of 0: time.sleep", where="shop/search.py:37", seconds=seconds)


def test_a_sum_names_what_its_tests_do_now() -> None:
    """The place first that cost most; each test once, though it's slower and counts more."""
    query = Cause(text="statement takes longer: SELECT item", where="shop/orders.py:8", seconds=0.2)
    tests = (
        a_test("t.py::a", slept(0.3, 10), query),
        a_test("t.py::a", slept(0.3, 10), metric="sleeps"),
        a_test("t.py::b", slept(0.6, 20)),
        a_test("t.py::c", slept(0.1, 3), phase="setup"),
    )
    found = causes(*tests, a_sum("suite", "tests"), a_sum("part", "call"), a_sum("part", "teardown"))
    statement = ("statement takes longer: SELECT item, in 1 test", "shop/orders.py:8", 0.2)
    assert found == {
        "tests": [("time.sleep, in 3 tests", "shop/search.py:37", 1.0), statement],
        "call": [("time.sleep, in 2 tests", "shop/search.py:37", 0.9), statement],
        "teardown": [],
    }


def test_only_what_is_sure_explains_a_sum() -> None:
    """Neither a test that is only suspicious, nor a cause without a place or a time."""
    tests = (
        a_test("t.py::a", slept(0.3, 10), verdict="inconclusive"),
        a_test("t.py::b", Cause(text="setup", seconds=0.3)),
        a_test("t.py::c", Cause(text="1 statement instead of 0: SELECT", where="shop/a.py:1")),
    )
    assert causes(*tests, a_sum("suite", "tests")) == {"tests": []}
    faster = a_test("t.py::d", slept(0.3, 10))
    assert causes(faster, a_sum("part", "start", 1.5)) == {"start": []}


def test_what_cost_little_beside_the_rest_is_left_out() -> None:
    """A twentieth of it would only be in the way."""
    little = Cause(text="statement takes longer: SELECT", where="shop/a.py:1", seconds=0.05)
    found = causes(a_test("t.py::a", slept(1.0, 10), little), a_sum("suite", "tests"))
    assert found == {"tests": [("time.sleep, in 1 test", "shop/search.py:37", 1.0)]}


def test_a_slower_start_names_its_imports() -> None:
    """With the seconds by which they grew in the pairs."""
    key = SeriesKey(suite="s", subject="import", name="numpy", phase=None, metric="duration")
    cause = Cause(text="importing numpy", where="conftest.py:1", seconds=9.0)
    imported = Delta(
        key=key, evidence="timed", verdict="regressed", before=0.1, after=0.4, ratio=4.0, causes=(cause,)
    )
    assert causes(imported, a_sum("part", "collection")) == {
        "numpy": [("importing numpy", "conftest.py:1", 0.3)],
        "collection": [("importing numpy", "conftest.py:1", 0.3)],
    }
