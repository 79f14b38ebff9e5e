"""A pytest plugin that runs chosen tests only, and makes some really work longer: CPU seconds by node id."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

_THREAD_TIME = time.thread_time
_SLOWER: dict[str, float] = json.loads(Path(os.environ["BENCH_SLOWER"]).read_text())
_CHOSEN = frozenset(Path(os.environ["BENCH_TESTS"]).read_text().split("\n"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what wasn't chosen; node ids on the command line would be looked up one by one."""
    items[:] = [item for item in items if item.nodeid in _CHOSEN]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Work on, after the test, for as long as was planted."""
    try:
        return (yield)
    finally:
        more = _SLOWER.get(pyfuncitem.nodeid)
        if more:
            end = _THREAD_TIME() + more
            while _THREAD_TIME() < end:
                pass
