"""Paceline keeps a team's heavy pytest suites fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paceline.errors import PacelineError
    from paceline.model.baseline import Baseline
    from paceline.model.run import Run, TestRecord
    from paceline.store.baseline_file import read_baseline
    from paceline.store.run_file import read_run

__version__ = "0.1.0"

__all__ = [
    "Baseline",
    "PacelineError",
    "Run",
    "TestRecord",
    "__version__",
    "read_baseline",
    "read_run",
]

#: The modules that define the public names; loaded on first use, so that importing stays cheap.
_HOMES = {
    "Baseline": "paceline.model.baseline",
    "Run": "paceline.model.run",
    "TestRecord": "paceline.model.run",
    "PacelineError": "paceline.errors",
    "read_baseline": "paceline.store.baseline_file",
    "read_run": "paceline.store.run_file",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'paceline' has no attribute {name!r}")
