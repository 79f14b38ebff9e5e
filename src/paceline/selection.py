"""Which suites a test belongs to, by pytest's own marker expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from _pytest.mark.expression import Expression

if TYPE_CHECKING:
    import pytest

    from paceline.config import Suite


def suites_of(item: pytest.Item, suites: Sequence[Suite]) -> tuple[Suite, ...]:
    """Return those of `suites` whose marker expression matches the item's own and inherited markers."""
    names = frozenset(marker.name for marker in item.iter_markers())
    return tuple(suite for suite in suites if matches(suite.marker, names))


def problem_with(expression: str) -> str | None:
    """Return what is wrong with a marker expression, or None."""
    if not expression.strip():
        return "it is empty"
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
