"""The SQLAlchemy engines that exist when the tests have been collected."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, cast

from paceline.isolation import outlook
from paceline.model.facts import EngineFact

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from paceline.isolation.provisioning import Provisioning


def facts(provisioning: Provisioning) -> tuple[EngineFact, ...] | None:
    """Return every engine of the process, or None where SQLAlchemy isn't in use."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy import Engine
    from sqlalchemy.engine.base import OptionEngine

    # By type, not by isinstance: lazy objects of other libraries come to life when asked.
    found: list[Any] = [thing for thing in gc.get_objects() if issubclass(type(thing), Engine)]
    names = _names()
    each = [
        _fact(engine, names.get(id(engine)), provisioning)
        for engine in found
        if not isinstance(engine, OptionEngine)
    ]
    return tuple(sorted(each, key=lambda fact: (fact.name is None, fact.name or "", fact.url)))


def _fact(engine: Engine, name: str | None, provisioning: Provisioning) -> EngineFact:
    joins, reason, elsewhere = outlook.joins(engine, provisioning)
    return EngineFact(
        name=name,
        driver=f"{engine.dialect.name}+{engine.dialect.driver}",
        url=outlook.masked(engine),
        joins=joins,
        reason=reason,
        other_database=elsewhere,
    )


def _names() -> dict[int, str]:
    """Return `module:attribute` of everything in a module that is an engine or has one, by identity."""
    names: dict[int, str] = {}
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(("paceline.", "sqlalchemy.")) or not hasattr(module, "__dict__"):
            continue
        for attribute, value in list(vars(module).items()):
            engine = _engine(value)
            if engine is not None:
                names.setdefault(id(engine), f"{module_name}:{attribute}")
    return names


def _engine(value: object) -> Engine | None:
    """Return the engine that `value` is or wraps; asks its class only, an instance may answer to anything."""
    from sqlalchemy import Engine

    kind = type(value)
    if issubclass(kind, Engine):
        return cast("Engine", value)
    if str(kind.__module__).startswith("sqlalchemy.") and hasattr(kind, "sync_engine"):
        return cast("Engine", getattr(value, "sync_engine"))  # noqa: B009  no type has it that is imported here
    return None
