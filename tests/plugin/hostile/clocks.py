"""Test files that freeze and mock the clocks, by the name of what each does."""

from __future__ import annotations

CLOCKS = {
    "frozen clock (freezegun)": """
import pytest, time
from freezegun import freeze_time
from real import work

@pytest.fixture(scope="module", autouse=True)
def frozen():
    with freeze_time("1999-12-31 23:59:59"):
        yield

def test_frozen():
    assert time.localtime().tm_year in (1999, 2000)
    work()

def test_frozen_again(): work()
""",
    "frozen clock (time-machine)": """
import pytest, time
import time_machine
from real import work

@pytest.fixture(scope="module", autouse=True)
def travelled():
    with time_machine.travel("1999-12-31 23:59:59", tick=False):
        yield

def test_travelled():
    assert time.localtime().tm_year in (1999, 2000)
    work()

def test_travelled_again(): work()
""",
    "mocked clock": """
import pytest, time
from unittest import mock
from real import work

@pytest.fixture
def mocked():
    names = ("sleep", "process_time", "thread_time", "perf_counter", "clock_gettime")
    with mock.patch.multiple(time, **{name: mock.Mock(side_effect=AssertionError(name)) for name in names}):
        yield

def test_mocked(mocked):
    with pytest.raises(AssertionError): time.sleep(1)
    work()

def test_mocked_for_good():
    time.thread_time = time.process_time = lambda: 1e12
    work()
""",
}
