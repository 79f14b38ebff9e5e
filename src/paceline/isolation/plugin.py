"""What pytest calls: provide the database and the isolation to the tests of the enabled suites."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from paceline.errors import PacelineError
from paceline.isolation import databases, fixtures, leaks
from paceline.isolation.fixtures import PROVISIONING, SETTINGS, SHARED
from paceline.isolation.insertion import request_fixture
from paceline.isolation.modes import MODE, mode_of
from paceline.isolation.provisioning import Provisioning
from paceline.isolation.urls import DatabaseUrl
from paceline.selection import suites_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from paceline.config import Config, Suite


def register(config: pytest.Config, settings: Config, enabled: tuple[Suite, ...]) -> None:
    """Offer the fixtures, and insert them into the tests of the `enabled` suites.

    Called in `pytest_configure`. Starts nothing; but when an enabled suite needs a database, the variables of
    `tool.paceline.database.export` get its URL now, because test modules read them when they are imported.
    """
    provisioning = Provisioning(
        settings.database,
        option=config.getoption("paceline_database_url", None),
        environ=os.environ,
        requires=tuple(requirement for suite in enabled for requirement in suite.requires),
        worker=_worker(config),
        root=config.rootpath,
    )
    config.stash[PROVISIONING] = provisioning
    config.stash[SETTINGS] = settings.database
    config.add_cleanup(provisioning.close)
    config.pluginmanager.register(fixtures, "paceline-isolation-fixtures")
    for name in databases.names():
        config.pluginmanager.register(fixtures.of_requirement(name), f"paceline-{name}")
    watch = config.stash[leaks.WATCH] = leaks.Watch(provisioning)
    # Cleaned up before the provisioning, which was added earlier.
    config.add_cleanup(watch.close)
    config.pluginmanager.register(leaks, "paceline-leaks")
    config.pluginmanager.register(watch, "paceline-watch")
    config.pluginmanager.register(Isolation(provisioning, enabled), "paceline-isolation")
    needed = any(suite.requires or suite.isolation != "none" for suite in enabled)
    if settings.database.export and needed and not _is_controller(config):
        _export(config, provisioning, settings.database.export)


class Isolation:
    """Hooks that put the tests of the enabled suites into their fixtures."""

    def __init__(self, provisioning: Provisioning, enabled: tuple[Suite, ...]) -> None:
        """Serve the `enabled` suites."""
        self._provisioning = provisioning
        self._enabled = enabled

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Insert the fixtures, after conftests have added and removed what they want."""
        yield
        for item in items:
            suites = suites_of(item, self._enabled)
            if not suites:
                continue
            mode = item.stash[MODE] = mode_of(item, suites)
            if mode == "transaction":
                request_fixture(item, "schema_isolation", scope="function")
            required = {requirement for suite in suites for requirement in suite.requires}
            if required and mode != "none":
                # In front of the isolation, so that it ends after it.
                request_fixture(item, "paceline_audit", scope="function")
            # The last one inserted comes first: the database before what is asked of it.
            for requirement in sorted(required):
                request_fixture(item, fixtures.fixture_of(requirement), scope="session")
            if required:
                request_fixture(item, "paceline_database", scope="session")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Tell the shared transaction that only fixtures are left to be torn down."""
        if (shared := item.config.stash.get(SHARED, None)) is not None:
            shared.finish()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """End a test that needs a server which is gone with the reason, instead of a refused connection."""
        if "paceline_database" in getattr(item, "fixturenames", ()):
            self._provisioning.check()


def _worker(config: pytest.Config) -> str:
    workerinput = cast("Mapping[str, str]", getattr(config, "workerinput", {}))
    return workerinput.get("workerid", "")


def _is_controller(config: pytest.Config) -> bool:
    """Tell whether the tests run in other processes, which inherit what is exported here."""
    return not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no"


def _export(config: pytest.Config, provisioning: Provisioning, variables: tuple[str, ...]) -> None:
    try:
        url = provisioning.url()
    except PacelineError:
        # The tests that need it say why.
        return
    parts = provisioning.product.variables(DatabaseUrl.parse(url))
    before = {variable: os.environ.get(variable) for variable in variables}
    os.environ.update({variable: parts.get(variable, url) for variable in variables})
    config.add_cleanup(lambda: _restore(before))


def _restore(before: Mapping[str, str | None]) -> None:
    for variable, value in before.items():
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value
