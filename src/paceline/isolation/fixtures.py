"""The fixtures that tests see. SQLAlchemy is imported by the first test that needs it."""

from __future__ import annotations

from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import pytest
from _pytest.outcomes import Skipped

from paceline.errors import IsolationError, MissingDependencyError, NotProvisionedError, PacelineError
from paceline.isolation import databases
from paceline.isolation.modes import BRIDGE, MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

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


@pytest.fixture
def schema_isolation(
    integration_engine: Engine, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    """A connection in the transaction that all engines share and that is rolled back after the test."""
    if request.node.stash.get(MODE, "transaction") != "transaction":
        with integration_engine.connect() as connection:
            yield connection
        return
    shared = _shared(integration_engine, pytestconfig)
    if shared is None:
        yield from _rolled_back(integration_engine, pytestconfig)
        return
    shared.begin(integration_engine, bridge=request.node.stash.get(BRIDGE, False))
    try:
        with _connected(integration_engine, pytestconfig) as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                # First, so that what is still open just ends, instead of being undone one by one.
                shared.end()
                if transaction.is_active:
                    transaction.rollback()
    finally:
        shared.end()


@pytest.fixture
def integration_session(schema_isolation: Connection, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A Session in the test's transaction: commit and rollback work as in production, nothing stays."""
    from sqlalchemy.orm import Session

    from paceline.isolation.shared.transaction import SharedTransaction

    engine = schema_isolation.engine
    if request.node.stash.get(MODE, "transaction") != "transaction":
        with Session(bind=engine) as session:
            yield session
        return
    words = request.config.stash[PROVISIONING]().product.words()
    bind = engine if SharedTransaction.takes(engine, words) else schema_isolation
    with Session(bind=bind, join_transaction_mode="create_savepoint") as session:
        yield session


def _shared(engine: Engine, config: pytest.Config) -> SharedTransaction | None:
    """Return the transaction that the engines of the process share, if `engine` is of a kind that can."""
    from paceline.isolation.shared.transaction import SharedTransaction

    words = config.stash[PROVISIONING]().product.words()
    if not SharedTransaction.takes(engine, words):
        return None
    shared = config.stash.get(SHARED, None)
    if shared is None:
        timeout = config.stash[SETTINGS].transaction_timeout
        shared = config.stash[SHARED] = SharedTransaction(words, timeout=timeout)
        config.add_cleanup(shared.close)
    return shared


def _rolled_back(engine: Engine, config: pytest.Config) -> Iterator[Connection]:
    """Yield a connection in a transaction of its own, for engines that can't share one."""
    from sqlalchemy import event

    with _connected(engine, config) as connection:
        transaction = connection.begin()
        # The listener runs before COMMIT is sent, so nothing of the test ever becomes permanent.
        event.listen(connection, "commit", _refuse_commit)
        try:
            yield connection
        finally:
            if transaction.is_active:
                transaction.rollback()


@contextmanager
def _connected(engine: Engine, config: pytest.Config) -> Generator[Connection]:
    from sqlalchemy.exc import DBAPIError

    try:
        connection = engine.connect()
    except DBAPIError:
        config.stash[PROVISIONING]().check(within=1.0)
        raise
    with connection:
        yield connection


def _refuse_commit(connection: Connection) -> None:
    # SQLAlchemy takes the transaction for ended now and would give the connection back as it is.
    connection.connection.rollback()
    raise IsolationError(
        f"commit() on the connection of schema_isolation to {connection.engine.url!r} ends the isolation",
        hint="Use integration_session, whose commit() stays inside, or connection.begin_nested().",
    )


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
