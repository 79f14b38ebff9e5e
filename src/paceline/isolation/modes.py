"""How each test is isolated: its suite says so, and its marker may say otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast, get_args

import pytest

from paceline.config import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paceline.config import Suite

MODE: pytest.StashKey[Isolation] = pytest.StashKey()
#: The marker that can say otherwise.
MARKER: pytest.StashKey[str] = pytest.StashKey()
BRIDGE: pytest.StashKey[bool] = pytest.StashKey()
#: Where suites differ, the one that keeps the test further from others wins.
_STRICTEST: tuple[Isolation, ...] = ("clone", "transaction", "none")


def marker_names(suites: Sequence[Suite]) -> frozenset[str]:
    """Return every name in the marker expressions of `suites`."""
    words = {name for suite in suites for name in re.findall(r"\w+", suite.marker)}
    return frozenset(words - {"and", "or", "not"})


def mode_of(item: pytest.Item, suites: Sequence[Suite]) -> Isolation:
    """Return the mode of `item`, which belongs to `suites`.

    Raises:
        pytest.UsageError: a marker asks for something that there isn't.
    """
    asked = _asked(item, suites, "isolation")
    if asked is not None:
        name, value = asked
        if value not in get_args(Isolation):
            raise _unusable(item, name, f"isolation={value!r}", map(repr, get_args(Isolation)))
        return cast("Isolation", value)
    given = {suite.isolation for suite in suites}
    for mode in _STRICTEST:
        if mode in given:
            return mode
    return "none"


def bridge_of(item: pytest.Item, suites: Sequence[Suite], *, default: bool) -> bool:
    """Tell whether engines of different drivers share the transaction of `item`, which belongs to `suites`.

    Raises:
        pytest.UsageError: a marker says neither True nor False.
    """
    asked = _asked(item, suites, "bridge")
    if asked is None:
        return default
    name, value = asked
    if not isinstance(value, bool):
        raise _unusable(item, name, f"bridge={value!r}", ("True", "False"))
    return value


def marker_of(item: pytest.Item, suites: Sequence[Suite]) -> str:
    """Return the nearest marker of `item` that belongs to one of its `suites`, or what they would call it."""
    names = _markers(suites)
    return next(
        (mark.name for mark in item.iter_markers() if mark.name in names), min(names, default="schema")
    )


def _markers(suites: Sequence[Suite]) -> set[str]:
    return {name for suite in suites for name in re.findall(r"\w+", suite.marker)} - {"and", "or", "not"}


def _asked(item: pytest.Item, suites: Sequence[Suite], argument: str) -> tuple[str, object] | None:
    """Return the nearest marker of `suites` with `argument`, and its value."""
    names = _markers(suites)
    for marker in item.iter_markers():
        if marker.name in names and argument in marker.kwargs:
            return marker.name, marker.kwargs[argument]
    return None


def _unusable(item: pytest.Item, marker: str, argument: str, known: Iterable[str]) -> pytest.UsageError:
    return pytest.UsageError(
        f"{item.nodeid}: @pytest.mark.{marker}({argument}): use one of {', '.join(known)}"
    )
