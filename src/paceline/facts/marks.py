"""Markers that are registered, and marks that stand where they do nothing."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from paceline.isolation.modes import marker_names
from paceline.model.facts import ConftestMarks, FixtureFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from paceline.config import Suite

_OURS = "paceline.isolation."


def names(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the names in lines such as `slow(seconds): takes long`."""
    names = (line.partition(":")[0].partition("(")[0].strip() for line in lines)
    return tuple(dict.fromkeys(filter(None, names)))


def in_conftests(config: pytest.Config) -> tuple[ConftestMarks, ...]:
    """Return what stands as `pytestmark` in conftests."""
    found: list[ConftestMarks] = []
    for plugin in config.pluginmanager.get_plugins():
        path = getattr(plugin, "__file__", None)
        if path and Path(path).name == "conftest.py" and "pytestmark" in vars(plugin):
            names = _names_of(vars(plugin)["pytestmark"])
            found.append(ConftestMarks(path=os.path.relpath(path, config.rootpath), markers=names))
    return tuple(sorted(found, key=lambda marks: marks.path))


def fixtures(session: pytest.Session, suites: Sequence[Suite]) -> tuple[FixtureFact, ...]:
    """Return the fixtures in use that stand in for one of ours, or carry a suite's marker."""
    markers = marker_names(suites)
    found: dict[Any, FixtureFact] = {}
    seen: set[tuple[str, object]] = set()
    for item in session.items:
        for name in getattr(item, "fixturenames", ()):
            if (name, item.parent) in seen:
                continue
            seen.add((name, item.parent))
            definitions = _definitions(session, item, name)
            is_ours = [str(definition.func.__module__).startswith(_OURS) for definition in definitions]
            for definition, ours in zip(definitions, is_ours, strict=True):
                wrong = set(_names_of(getattr(definition.func, "pytestmark", ()))) & markers
                if not ours and (any(is_ours) or wrong):
                    found[definition] = FixtureFact(
                        name=name,
                        where=_where(definition.func, session.config.rootpath),
                        replaces=any(is_ours),
                        markers=tuple(sorted(wrong)),
                    )
    return tuple(found.values())


def _definitions(session: pytest.Session, item: pytest.Item, name: str) -> Sequence[Any]:
    # Nothing public tells where a fixture is defined; pytest's own --fixtures-per-test reads the same.
    manager: Any = getattr(session, "_fixturemanager", None)
    return manager.getfixturedefs(name, item) or () if manager is not None else ()


def _names_of(marks: Any) -> tuple[str, ...]:
    each = cast("Iterable[Any]", marks if isinstance(marks, list | tuple) else (marks,))
    return tuple(str(getattr(mark, "name", mark)) for mark in each)


def _where(function: Any, root: Path) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return str(function)
    return f"{os.path.relpath(code.co_filename, root)}:{code.co_firstlineno}"
