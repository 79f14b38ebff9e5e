"""What pytest calls: provide the database and the isolation to the tests of the enabled suites."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest

from paceline.errors import PacelineError
from paceline.isolation import databases, fixtures, leaks
from paceline.isolation.around import Around
from paceline.isolation.fixtures import PROVISIONING, SETTINGS, SHARED
from paceline.isolation.insertion import request_fixture
from paceline.isolation.modes import BRIDGE, MARKER, MODE, bridge_of, marker_of, mode_of
from paceline.selection import suites_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from paceline.config import Config, DatabaseConfig, Suite
    from paceline.isolation.provisioning import Provisioning


def register(config: pytest.Config, settings: Config, enabled: tuple[Suite, ...]) -> None:
    """Offer the fixtures, and insert them into the tests of the `enabled` suites.

    Called in `pytest_configure`. Starts nothing; but when an enabled suite needs a database, the variables of
    `tool.paceline.database.export` get its URL now, because test modules read them when they are imported.
    """

    def provide() -> Provisioning:
        # Every run of the project would pay for the import, and most need no database.
        from paceline.isolation.provisioning import Provisioning

        made = Provisioning(
            settings.database,
            option=config.getoption("paceline_database_url", None),
            environ=environ,
            requires=tuple(requirement for suite in enabled for requirement in suite.requires),
            worker=_worker(config),
            root=config.rootpath,
        )
        config.add_cleanup(made.close)
        return made

    environ = dict(os.environ)
    provisioning: Callable[[], Provisioning] = cache(provide)
    config.stash[PROVISIONING] = provisioning
    config.stash[SETTINGS] = settings.database
    config.pluginmanager.register(fixtures, "paceline-isolation-fixtures")
    for name in databases.names():
        config.pluginmanager.register(fixtures.of_requirement(name), f"paceline-{name}")
    config.pluginmanager.register(Around(config), "paceline-around")
    isolation = Isolation(provisioning, enabled, bridge=settings.database.bridge)
    config.pluginmanager.register(isolation, "paceline-isolation")
    if any(suite.requires or suite.isolation != "none" for suite in enabled):
        _watch(config, provisioning(), settings.database)
        if settings.database.export and not _is_controller(config):
            _export(config, provisioning(), settings.database.export)


def time(config: pytest.Config) -> None:
    """Have the work of isolation timed, for whoever records; nobody else pays for it."""
    from paceline.isolation.timing import Timing

    config.pluginmanager.register(Timing(), "paceline-isolation-timing")


class Isolation:
    """Hooks that put the tests of the enabled suites into their fixtures."""

    def __init__(
        self, provisioning: Callable[[], Provisioning], enabled: tuple[Suite, ...], *, bridge: bool
    ) -> None:
        """Serve the `enabled` suites; `bridge` drivers where a test doesn't say."""
        self._provisioning = provisioning
        self._enabled = enabled
        self._bridge = bridge

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Insert the fixtures, after conftests have added and removed what they want."""
        yield
        for item in items:
            suites = suites_of(item, self._enabled)
            if not suites:
                continue
            mode = item.stash[MODE] = mode_of(item, suites)
            item.stash[MARKER] = marker_of(item, suites)
            item.stash[BRIDGE] = bridge_of(item, suites, default=self._bridge)
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

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Tell the shared transaction that only fixtures are left; tidy up after a test without isolation."""
        if (shared := item.config.stash.get(SHARED, None)) is not None:
            shared.finish()
        try:
            return (yield)
        finally:
            if item.stash.get(MODE, "") == "none":
                self._tidy()

    @pytest.hookimpl(tryfirst=True)
    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Show a URL that isn't the expected one by its `repr`: pytest's lines would have the password."""
        urls = sys.modules.get("paceline.isolation.urls")
        secret = urls is not None and any(isinstance(each, urls.SecretText) for each in (left, right))
        return [f"{left!r} {op} {right!r}"] if secret else None

    def _tidy(self) -> None:
        provisioning = self._provisioning()
        if provisioning.opened:
            provisioning.audit.settle()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """End a test that needs a server which is gone with the reason, instead of a refused connection."""
        if "paceline_database" in getattr(item, "fixturenames", ()):
            self._provisioning().check()


def _worker(config: pytest.Config) -> str:
    workerinput = cast("Mapping[str, str]", getattr(config, "workerinput", {}))
    return workerinput.get("workerid", "")


def _is_controller(config: pytest.Config) -> bool:
    """Tell whether the tests run in other processes, which inherit what is exported here."""
    return not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no"


def _watch(config: pytest.Config, provisioning: Provisioning, settings: DatabaseConfig) -> None:
    from paceline.isolation.pools import release_engines

    watch = leaks.Watch(provisioning, reset_sequences=settings.reset_sequences)
    config.stash[leaks.WATCH] = watch
    # Cleaned up before the provisioning, which was added earlier.
    config.add_cleanup(watch.close)
    config.add_cleanup(release_engines)
    config.pluginmanager.register(watch, "paceline-watch")
    if config.getoption("paceline_keep_databases", False):
        from paceline.isolation.keeping import Keeping

        keeping = Keeping(provisioning, config.rootpath / ".paceline" / "kept")
        config.pluginmanager.register(keeping, "paceline-keeping")


def _export(config: pytest.Config, provisioning: Provisioning, variables: tuple[str, ...]) -> None:
    try:
        url = provisioning.url()
    except PacelineError:
        # The tests that need it say why.
        return
    from paceline.isolation.urls import DatabaseUrl

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
