"""Writes down what pytest knows when it has collected the tests; runs none of them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.facts import database, engines, marks, tests
from paceline.isolation.fixtures import PROVISIONING
from paceline.model.facts import Facts
from paceline.model.run import CollectionError
from paceline.selection import is_in
from paceline.store.facts_file import write_facts

if TYPE_CHECKING:
    from collections.abc import Generator

    from paceline.config import Config
    from paceline.model.facts import FlagFact


def register(
    config: pytest.Config, settings: Config, flags: tuple[FlagFact, ...], declared: tuple[str, ...]
) -> None:
    """Write the facts to the file of `--paceline-facts` when the session ends.

    Args:
        declared: lines of the project's own configuration file that declare markers.
    """
    for path in dict.fromkeys(path for suite in settings.suites for path in suite.paths):
        there = (config.rootpath / path.partition("::")[0]).exists()
        if there and config.args_source is not pytest.Config.ArgsSource.ARGS and not _covered(config, path):
            config.args.append(path)
    config.pluginmanager.register(Witness(config, settings, flags, declared), "paceline-facts")


class Witness:
    """Hooks that see the collection end."""

    def __init__(
        self,
        config: pytest.Config,
        settings: Config,
        flags: tuple[FlagFact, ...],
        declared: tuple[str, ...],
    ) -> None:
        """Know the suites of `settings`, their `flags` and the markers that are `declared`."""
        self._declared = declared
        self._config = config
        self._settings = settings
        self._flags = flags
        self._collected = 0
        self._errors: list[CollectionError] = []

    def pytest_itemcollected(self) -> None:
        """Count: what is taken out later isn't always told."""
        self._collected += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what couldn't be collected."""
        if report.failed:
            text = str(report.longrepr).strip().splitlines()
            told = [line.removeprefix("E ").strip() for line in text if line.startswith("E ")] or text[-1:]
            reason = told[0] if told else "unknown"
            self._errors.append(CollectionError(nodeid=report.nodeid, reason=reason))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write everything down, also after a collection that failed."""
        try:
            return (yield)
        finally:
            write_facts(Path(str(self._config.getoption("--paceline-facts"))), self._facts(session))

    def _facts(self, session: pytest.Session) -> Facts:
        config, suites = self._config, self._settings.suites
        provisioning = config.stash[PROVISIONING]()
        needed = any(suite.requires or suite.isolation != "none" for suite in suites)
        start = bool(config.getoption("--paceline-facts-start"))
        # Before the database is prepared: migrations make engines of their own.
        joining = engines.facts(provisioning) if needed else None
        found = database.facts(self._settings, provisioning, start=start) if needed else None
        return Facts(
            plugins={
                dist.project_name: dist.version for _, dist in config.pluginmanager.list_plugin_distinfo()
            },
            addopts=(*config.getini("addopts"), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))),
            dist=config.getoption("dist", None),
            registered=marks.names(config.getini("markers")),
            declared=marks.names(self._declared),
            flags=self._flags,
            tests=tuple(tests.fact(item, suites) for item in session.items),
            removed=max(0, self._collected - len(session.items)),
            collection_errors=tuple(self._errors),
            fixtures=marks.fixtures(session, suites),
            conftest_marks=marks.in_conftests(config),
            database=found,
            engines=joining,
        )


def _covered(config: pytest.Config, path: str) -> bool:
    given = [Path(os.path.relpath(argument, config.rootpath)).as_posix() for argument in config.args]
    return "." in given or is_in(path, tuple(given))
