"""What a collected test is, and what will become of it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from _pytest.skipping import evaluate_skip_marks

from paceline.isolation.modes import marker_names
from paceline.model.facts import MarkFact, TestFact
from paceline.selection import suites_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paceline.config import Suite
    from paceline.model.facts import TestKind

#: Plugins that run `async def` tests in ways that can't be seen from outside.
_OTHER_LOOPS = ("trio", "aiohttp", "tornado", "tornasync", "twisted", "curio", "asyncio-cooperative")


def fact(item: pytest.Item, suites: Sequence[Suite]) -> TestFact:
    """Return what there is to know about `item`."""
    own = suites_of(item, suites)
    kind = _kind(item)
    return TestFact(
        nodeid=item.nodeid,
        where=_where(item),
        kind=kind,
        suites=tuple(suite.name for suite in own),
        markers=tuple(sorted({marker.name for marker in item.iter_markers()})),
        marks=_marks(item, own),
        isolated="schema_isolation" in _fixture_names(item),
        skipped=_skipped(item),
        idle_fixtures=_idle(item),
        unsupported=_unsupported(item, kind),
    )


def _where(item: pytest.Item) -> str:
    path, line, _ = item.location
    return path if line is None else f"{path}:{line + 1}"


def _kind(item: pytest.Item) -> TestKind:
    if not isinstance(item, pytest.Function):
        return "doctest" if type(item).__name__ == "DoctestItem" else "other"
    if type(item).__name__ == "TestCaseFunction":
        return "unittest"
    return "async" if inspect.iscoroutinefunction(item.obj) else "function"


def _marks(item: pytest.Item, own: Sequence[Suite]) -> tuple[MarkFact, ...]:
    names = marker_names(own)
    return tuple(
        MarkFact(
            name=marker.name,
            arguments=tuple(map(repr, marker.args)),
            keywords={name: repr(value) for name, value in marker.kwargs.items()},
        )
        for marker in item.iter_markers()
        if marker.name in names and (marker.args or marker.kwargs)
    )


def _fixture_names(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def _skipped(item: pytest.Item) -> str | None:
    try:
        skip = evaluate_skip_marks(item)
    except Exception as error:  # noqa: BLE001  a condition of the project's raised, and the test will as well
        return f"its skipif condition raises {type(error).__name__}: {error}"
    return skip.reason if skip else None


def _idle(item: pytest.Item) -> tuple[str, ...]:
    asked = [str(name) for marker in item.iter_markers("usefixtures") for name in marker.args]
    got = _fixture_names(item)
    return tuple(name for name in dict.fromkeys(asked) if name not in got)


def _unsupported(item: pytest.Item, kind: TestKind) -> str | None:
    plugins = item.config.pluginmanager
    if kind == "async":
        # A plugin that runs it has made an item of its own kind of it, or asks for a fixture.
        own_kind = type(item) is not pytest.Function
        loop = "anyio_backend" in _fixture_names(item) or any(map(plugins.hasplugin, _OTHER_LOOPS))
        if own_kind or loop:
            return None
        if plugins.hasplugin("asyncio"):
            return "pytest-asyncio is in strict mode and the test has no asyncio marker"
        return "no plugin that runs async def tests is loaded"
    if kind == "unittest" and not plugins.hasplugin("django"):
        bases: tuple[type, ...] = getattr(getattr(item, "cls", None), "__mro__", ())
        if any(base.__module__.startswith("django.test") for base in bases):
            return "it is a TestCase of Django and pytest-django is not loaded"
    return None
