"""The fixtures that live as long as the run. SQLAlchemy is imported by the first test that needs it."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import pytest
from _pytest.outcomes import Skipped

from paceline.errors import MissingDependencyError, NotProvisionedError, PacelineError
from paceline.isolation import databases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from paceline.config import DatabaseConfig
    from paceline.isolation.provisioning import Database, Provisioning
    from paceline.isolation.shared.transaction import SharedTransaction

#: Loads what provisioning needs when it is called for the first time.
PROVISIONING: pytest.StashKey[Callable[[], Provisioning]] = pytest.StashKey()
SETTINGS: pytest.StashKey[DatabaseConfig] = pytest.StashKey()
SHARED: pytest.StashKey[SharedTransaction] = pytest.StashKey()


class NotProvisioned(Skipped):
    """Skips a test because what it requires can't be had here."""

    run_status = NotProvisionedError.run_status


@pytest.fixture(scope="session")
def paceline_database(pytestconfig: pytest.Config) -> Iterator[Database]:
    """The database that this process's tests have for themselves; provisioned on first use."""
    provisioning = pytestconfig.stash[PROVISIONING]()
    try:
        database = provisioning.open()
    except NotProvisionedError as error:
        raise NotProvisioned(str(error)) from error
    except PacelineError as error:
        # Our own frames tell the reader nothing, and pytest shows URLs with passwords as their arguments.
        # The traceback of a cause, such as the project's own preparation, stays.
        raise error.with_traceback(None)  # noqa: B904 - it is the same error
    _tell(pytestconfig, database)
    yield database
    if (shared := pytestconfig.stash.get(SHARED, None)) is not None:
        shared.close()
    provisioning.close()


@pytest.fixture(scope="session")
def integration_engine(paceline_database: Database) -> Iterator[Engine]:
    """A SQLAlchemy engine on the tests' database. A project may override it with its own."""
    try:
        from sqlalchemy import create_engine
    except ImportError as error:
        _missing(error)
    engine = create_engine(paceline_database.url)
    yield engine
    engine.dispose()


def _missing(error: ImportError) -> NoReturn:
    raise MissingDependencyError(
        "integration_engine needs the library SQLAlchemy", hint="Install pytest-paceline[sqlalchemy]."
    ) from error


def of_requirement(name: str) -> ModuleType:
    """Return a plugin with the fixture `paceline_NAME`, which skips where the requirement isn't fulfilled."""

    @pytest.fixture(scope="session", name=fixture_of(name))
    def required(paceline_database: Database, pytestconfig: pytest.Config) -> None:
        """Skip where what the suite requires can't be had."""
        try:
            pytestconfig.stash[PROVISIONING]().demand(name)
        except NotProvisionedError as error:
            raise NotProvisioned(str(error)) from None

    plugin = ModuleType(fixture_of(name))
    vars(plugin)["required"] = required
    return plugin


def fixture_of(requirement: str) -> str:
    """Return the name of the fixture that stands for a requirement of a suite."""
    return f"paceline_{requirement}"


def _tell(config: pytest.Config, database: Database) -> None:
    """Tell the recorder which services the tests used; its hook is only there while Paceline is active."""
    hook = getattr(config.hook, "pytest_paceline_service", None)
    if hook is None:
        return
    hook(name=database.product, version=database.server_version)
    extensions = dict(database.extensions)
    for name in databases.names():
        known = databases.requirement(name)
        if known.database == database.product and known.extension in extensions:
            hook(name=name, version=extensions[known.extension])
