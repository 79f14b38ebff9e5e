"""What markers say about a test: which suites it belongs to, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from _pytest.mark.expression import Expression

from paceline.model.budget import budget_seconds

if TYPE_CHECKING:
    import pytest

    from paceline.config import Suite

#: The marker that says how long a test may take.
BUDGET = "budget"


def suites_of(item: pytest.Item, suites: Sequence[Suite]) -> tuple[Suite, ...]:
    """Return those of `suites` that the item belongs to.

    A suite has the tests whose own and inherited markers match its marker expression; a suite without one has
    every test in its paths.
    """
    names = frozenset(marker.name for marker in item.iter_markers())
    return tuple(
        suite
        for suite in suites
        if (matches(suite.marker, names) if suite.marker else is_in(item.nodeid, suite.paths))
    )


def granted(item: pytest.Item) -> float | None:
    """Return the seconds that the marker `budget` grants a test; None without one.

    Raises:
        ValueError: the marker holds something else than one time.
    """
    marker = item.get_closest_marker(BUDGET)
    if marker is None:
        return None
    if len(marker.args) != 1 or marker.kwargs:
        raise ValueError('it takes one time, such as "2s"')
    return budget_seconds(marker.args[0])


def is_in(nodeid: str, paths: tuple[str, ...]) -> bool:
    """Tell whether a test lives in one of `paths`: folders, files or node ids."""
    return any(
        nodeid == path or nodeid.startswith((f"{path}/", f"{path}::", f"{path}["))
        for path in (path.removeprefix("./").rstrip("/") for path in paths)
    )


def problem_with(expression: str) -> str | None:
    """Return what is wrong with a marker expression, or None."""
    if not expression:
        return None  # the suite goes by its paths
    if not expression.strip():
        return "it is blank"
    try:
        _compiled(expression)
    # pytest raises a ParseError of its own, newer versions a SyntaxError.
    except Exception as error:  # noqa: BLE001
        return str(error)
    return None


@cache
def matches(expression: str, names: frozenset[str]) -> bool:
    """Tell whether a test with the markers `names` is selected by `pytest -m expression`."""
    return _compiled(expression)(names)


@cache
def _compiled(expression: str) -> Callable[[frozenset[str]], bool]:
    # The public way to evaluate a marker expression is only `pytest -m`, for a whole run.
    compiled = Expression.compile(expression)

    def selects(names: frozenset[str]) -> bool:
        def has(name: str, /, **_: str | int | bool | None) -> bool:
            return name in names

        return compiled.evaluate(has)

    return selects
