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
    """Return the project's fixtures that stand in for one of ours, or carry a suite's marker."""
    # Nothing public lists the fixtures; pytest's own --fixtures reads the same attribute.
    manager: Any = getattr(session, "_fixturemanager", None)
    by_name: dict[str, Sequence[Any]] = getattr(manager, "_arg2fixturedefs", {})
    markers = marker_names(suites)
    found: list[FixtureFact] = []
    for name, definitions in by_name.items():
        is_ours = [str(definition.func.__module__).startswith(_OURS) for definition in definitions]
        for definition, ours in zip(definitions, is_ours, strict=True):
            wrong = set(_names_of(getattr(definition.func, "pytestmark", ()))) & markers
            if not ours and (any(is_ours) or wrong):
                where = _where(definition.func, session.config.rootpath)
                found.append(
                    FixtureFact(name=name, where=where, replaces=any(is_ours), markers=tuple(sorted(wrong)))
                )
    return tuple(found)


def _names_of(marks: Any) -> tuple[str, ...]:
    each = cast("Iterable[Any]", marks if isinstance(marks, list | tuple) else (marks,))
    return tuple(str(getattr(mark, "name", mark)) for mark in each)


def _where(function: Any, root: Path) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return str(function)
    return f"{os.path.relpath(code.co_filename, root)}:{code.co_firstlineno}"
