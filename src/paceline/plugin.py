"""The pytest entry point: decides whether the project uses Paceline, and only then loads the rest.

A project uses Paceline when its pyproject.toml has a `[tool.paceline]` table or one of Paceline's options is
given, on the command line, in addopts or in PYTEST_ADDOPTS. For every other project this module is all
that is imported, and nothing changes.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

#: Counter and CPU seconds at which the interpreter, pytest and the plugins before us had been loaded.
LOADED_AT = (time.perf_counter(), time.process_time())


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options and hooks of Paceline where they are wanted."""
    config: pytest.Config | None = pluginmanager.get_plugin("pytestconfig")
    if config is None:
        return
    options = _options(config)
    if options or _has_settings(config):
        from paceline.gate import activate

        activate(config, LOADED_AT, recording=any(_records(option) for option in options))


def _options(config: pytest.Config) -> list[str]:
    given = [str(argument) for argument in config.invocation_params.args]
    given += os.environ.get("PYTEST_ADDOPTS", "").split()
    given += config.getini("addopts")
    return [argument for argument in given if argument.startswith("--paceline")]


def _records(option: str) -> bool:
    return option == "--paceline" or option.startswith("--paceline-out")


def _has_settings(config: pytest.Config) -> bool:
    try:
        content = (config.rootpath / "pyproject.toml").read_bytes()
    except OSError:
        return False
    # Nearly every project ends here, at the price of a search.
    return b"paceline" in content and _has_table(content)


def _has_table(content: bytes) -> bool:
    import tomllib

    try:
        return "paceline" in tomllib.loads(content.decode()).get("tool", {})
    except ValueError:
        # Whether pytest reads this file, and complains, isn't ours to decide.
        return False
