"""The reasons why something takes its time, one file each: a file that is added here is a cause more."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from paceline.explain.cause import Cause


@cache
def causes() -> tuple[Cause, ...]:
    """Return every cause, the one that is asked first first."""
    found: list[Cause] = [import_module(f"{__name__}.{file.name}").CAUSE for file in iter_modules(__path__)]
    return tuple(sorted(found, key=lambda cause: cause.rank))
