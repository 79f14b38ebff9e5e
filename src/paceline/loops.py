"""A pytest plugin for `paceline gate`: runs the tests of a process several times, one loop after another.

What disturbs a test for a moment seldom disturbs it in each loop, so that the fastest of its runs tells more
than many processes do. Loops follow one another, instead of each test being repeated at once: a disturbance
that lasts half a second would cover all of that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

#: Variable that holds the path of a JSON file: `{"loops": 5, "nodeids": [...]}`.
LOOPS = "PACELINE_LOOPS"
_RAN = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Append the tests that are to run again, when all that looks at what was collected has done so."""
    path = os.environ.get(LOOPS)
    if path:
        wanted = json.loads(Path(path).read_text(encoding="utf-8"))
        nodeids = frozenset(wanted["nodeids"])
        again = [item for item in session.items if item.nodeid in nodeids]
        # A test next to itself would keep its fixtures: pytest tears down what the next test doesn't need.
        if len(again) > 1:
            session.items = [*session.items, *again * (wanted["loops"] - 1)]
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a method have an instance of its own each time: pytest keeps that of the first run."""
    own = vars(item)
    if item.stash.get(_RAN, False) and own.get("_instance") is not None:
        del own["_instance"]
        own.pop("_obj", None)  # the method of that instance
    item.stash[_RAN] = True
