"""How each test is isolated: its suite says so, and its marker may say otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast, get_args

import pytest

from paceline.config import Isolation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paceline.config import Suite

MODE: pytest.StashKey[Isolation] = pytest.StashKey()
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
    names = marker_names(suites)
    # The nearest marker comes first.
    for marker in item.iter_markers():
        if marker.name in names and "isolation" in marker.kwargs:
            asked: object = marker.kwargs["isolation"]
            if asked not in get_args(Isolation):
                known = ", ".join(map(repr, get_args(Isolation)))
                raise pytest.UsageError(
                    f"{item.nodeid}: @pytest.mark.{marker.name}(isolation={asked!r}): use one of {known}"
                )
            return cast("Isolation", asked)
    given = {suite.isolation for suite in suites}
    for mode in _STRICTEST:
        if mode in given:
            return mode
    return "none"
