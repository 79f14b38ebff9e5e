"""Put a fixture into a test that did not ask for it, as if it stood first in its signature."""

from __future__ import annotations

import pytest


def request_fixture(item: pytest.Item, name: str, *, scope: str) -> bool:
    """Make `item` use the fixture `name` before every other fixture of the same or a narrower scope.

    Works for test functions and methods, also of `unittest.TestCase`, and for the items of asyncio plugins.

    Args:
        item: a collected test.
        name: the fixture.
        scope: its scope, `session` or `function`.

    Returns:
        Whether it worked: an item that isn't a Python function, such as a doctest, has no fixtures to add to.
    """
    if not isinstance(item, pytest.Function):
        return False
    others = [other for other in item.fixturenames if other != name]
    first = 0
    if scope == "function":
        wider = [index for index, other in enumerate(others) if _is_wider(item, other)]
        first = wider[-1] + 1 if wider else 0
    # A new list: parametrized siblings share the old one.
    item.fixturenames = [*others[:first], name, *others[first:]]
    return True


def _is_wider(item: pytest.Function, name: str) -> bool:
    """Tell whether the fixture `name` lives longer than one test."""
    # Nothing public tells the scope of a fixture.
    definitions = item._fixtureinfo.name2fixturedefs.get(name)  # pyright: ignore[reportPrivateUsage]
    if not definitions or definitions[-1].scope == "function":
        return False
    # A parametrized argument poses as a fixture of the mark's scope, wherever it stands in the list.
    return definitions[-1].func.__name__ != "get_direct_param_fixture_func"
