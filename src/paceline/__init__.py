"""Paceline keeps a team's heavy pytest suites fast."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

#: Public names and the modules that define them; loaded on first use, so that importing stays cheap.
_HOMES = {
    "Baseline": "paceline.model.baseline",
    "Run": "paceline.model.run",
    "TestRecord": "paceline.model.run",
    "PacelineError": "paceline.errors",
    "read_baseline": "paceline.store.baseline_file",
    "read_run": "paceline.store.run_file",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'paceline' has no attribute {name!r}")
