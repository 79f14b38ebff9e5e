"""Values as they are meant, from what a line holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.model.metric import Metric
from paceline.model.run import MetricOff
from paceline.store.values import restore, restored

_DURATION = Metric(name="duration", unit="s")
_DELAY = Metric(name="run_delay", unit="s", sparse=True)
_PAUSES = Metric(name="gc_time", unit="s", sparse=True)
_OURS = Metric(name="isolation_time", unit="s", sparse=True, apart=("duration", "cpu_time"))
_CLEAN = Metric(name="clean_time", unit="s", derived=("duration", "run_delay", "gc_time"))
_ALL = (_DURATION, _DELAY, _PAUSES, _OURS, _CLEAN)


def test_what_is_left_out_is_zero_only_where_the_header_says_so() -> None:
    """Without that declaration it is unknown, and so is what follows from it."""
    assert restored({"duration": 2.0}, _ALL) == {
        "duration": 2.0,
        "run_delay": 0,
        "gc_time": 0,
        "isolation_time": 0,
        "clean_time": 2.0,
    }
    assert restored({"gc_time": 1.0}, (_DURATION, _PAUSES, _CLEAN)) == {"gc_time": 1.0}


def test_what_isnt_the_tests_is_taken_out_before_anything_is_derived() -> None:
    """Our own time is in none of them."""
    values = restored({"duration": 2.0, "isolation_time": 0.5, "gc_time": 0.25}, _ALL)
    assert (values["duration"], values["clean_time"], values["isolation_time"]) == (1.5, 1.25, 0.5)


def test_values_that_nobody_declared_are_kept() -> None:
    """A file may have been written by a newer version."""
    assert restored({"duration": 1, "other": 3}, (_DURATION,)) == {"duration": 1, "other": 3}


@given(st.fixed_dictionaries({metric.name: st.floats(0, 1e6) for metric in _ALL[:4]}))
def test_no_value_is_negative_and_zeros_may_be_left_out(values: dict[str, float]) -> None:
    """Leaving zeros out changes nothing."""
    whole = restored(values, _ALL)
    assert all(value >= 0 for value in whole.values())
    short = {name: value for name, value in values.items() if value or name == "duration"}
    assert restored(short, _ALL) == whole


@pytest.mark.parametrize("worker", ["gw0", "gw1"])
def test_a_metric_that_a_worker_lost_is_unknown_there_and_nowhere_else(worker: str) -> None:
    """Neither the zeros that were left out nor the values before it failed are given."""
    record: dict[str, Any] = {
        "kind": "test",
        "worker": worker,
        "phases": [
            {
                "values": {"duration": 1.0, "gc_time": 0.5},
                "fixtures": [{"values": {}, "own": {"duration": 1.0}}],
            }
        ],
    }
    restore([record], (_DURATION, _PAUSES), [MetricOff(name="gc_time", reason="gone", worker="gw0")])
    (phase,) = record["phases"]
    expected = {"duration": 1.0} if worker == "gw0" else {"duration": 1.0, "gc_time": 0.5}
    assert phase["values"] == expected
    assert phase["fixtures"][0]["values"] == {}
    assert ("gc_time" in phase["fixtures"][0]["own"]) is (worker == "gw1")
