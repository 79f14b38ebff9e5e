"""The pytest entry point: decides whether the project uses Paceline, and only then loads the rest.

A project uses Paceline when its pyproject.toml has a `[tool.paceline]` table or the command line names one
of Paceline's options. For every other project this module is all that is imported, and nothing changes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

#: Counter and CPU seconds at which the interpreter, pytest and the plugins before us had been loaded.
LOADED_AT = (time.perf_counter(), time.process_time())


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options and hooks of Paceline where they are wanted."""
    config: pytest.Config | None = pluginmanager.get_plugin("pytestconfig")
    if config is not None and _in_use(config):
        from paceline.gate import activate

        activate(config)


def _in_use(config: pytest.Config) -> bool:
    if any(str(arg).startswith("--paceline") for arg in config.invocation_params.args):
        return True
    try:
        return b"[tool.paceline" in (config.rootpath / "pyproject.toml").read_bytes()
    except OSError:
        return False
