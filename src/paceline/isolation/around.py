"""The fixtures around a single test. SQLAlchemy is imported by the first test that needs it.

They belong to an object that knows the test, and don't ask for `request`: pytest makes a definition, and
reads a signature, each time that it hands one out.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from paceline.errors import ConfigError, IsolationError
from paceline.isolation.fixtures import PROVISIONING, SETTINGS, SHARED
from paceline.isolation.leaks import WATCH
from paceline.isolation.modes import BRIDGE, MARKER, MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

    from paceline.isolation.auditing import Audit
    from paceline.isolation.shared.transaction import SharedTransaction

T = TypeVar("T")


class Around:
    """What is set up first and torn down last in a test."""

    def __init__(self, config: pytest.Config) -> None:
        """Serve the tests of one run."""
        self._config = config
        # pytest sets a test up before it sets up the test's fixtures.
        self._item = cast("pytest.Item", None)
        self._audit: Audit | None = None
        self._safe: Engine | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Take note of the test."""
        self._item, self._audit = item, None

    @pytest.fixture
    def paceline_audit(self, paceline_database: object) -> Iterator[None]:
        """Undo what a test changed for good, and fail it if it wasn't meant to; comes before its others."""
        watch = self._config.stash[WATCH]
        with watch.over(self._item):
            self._audit = watch.audit
            yield
            self._audit = None

    @pytest.fixture
    def schema_isolation(self, integration_engine: Engine) -> Iterator[Connection]:
        """A connection in the transaction that all engines share and that is rolled back after the test."""
        if integration_engine is not self._safe:
            self._refuse_unsafe(integration_engine)
        mode = self._item.stash.get(MODE, "transaction")
        if mode != "transaction":
            yield from self._plain(integration_engine)
        elif (shared := self._shared(integration_engine)) is None:
            yield from self._apart(integration_engine)
        else:
            yield from self._within(shared, integration_engine)

    @pytest.fixture
    def integration_session(self, schema_isolation: Connection) -> Iterator[Session]:
        """A Session in the test's transaction: commit and rollback work as in production, nothing stays."""
        from sqlalchemy.orm import Session

        engine = schema_isolation.engine
        if self._item.stash.get(MODE, "transaction") != "transaction":
            with Session(bind=engine) as session:
                yield session
            return
        bind = schema_isolation if self._shared(engine) is None else engine
        with Session(bind=bind, join_transaction_mode="create_savepoint") as session:
            yield session

    def _refuse_unsafe(self, engine: Engine) -> None:
        """Make sure that an engine of the project's own leads to a database for tests."""
        from paceline.isolation.provision import refuse_unsafe
        from paceline.isolation.urls import DatabaseUrl

        config = self._config
        provisioning = config.stash[PROVISIONING]()
        # One without a name, and one of a product that Paceline doesn't know, nobody can judge.
        with suppress(ConfigError):
            url = DatabaseUrl.parse(engine.url.render_as_string(hide_password=False))
            if not (provisioning.opened and provisioning.place.url.name == url.name):
                refuse_unsafe(url, "integration_engine", config.stash[SETTINGS].allow)
        self._safe = engine

    def _shared(self, engine: Engine) -> SharedTransaction | None:
        """Return the transaction that the engines of the process share, if `engine` is of a kind that can."""
        from paceline.isolation.shared.transaction import SharedTransaction

        config = self._config
        shared = config.stash.get(SHARED, None)
        words = config.stash[PROVISIONING]().product.words() if shared is None else shared.words
        if not SharedTransaction.takes(engine, words):
            return None
        if shared is None:
            timeout = config.stash[SETTINGS].transaction_timeout
            shared = config.stash[SHARED] = SharedTransaction(words, timeout=timeout)
            config.add_cleanup(shared.close)
        return shared

    def _plain(self, engine: Engine) -> Iterator[Connection]:
        """Yield a connection as any other; most tests have a session, and it opens one of its own."""
        from paceline.isolation.shared.deferred import DeferredConnection, leave

        connection = DeferredConnection(engine, begins=False)
        try:
            yield connection
        finally:
            leave(connection)

    def _within(self, shared: SharedTransaction, engine: Engine) -> Iterator[Connection]:
        """Yield a connection in the transaction that all engines share."""
        from paceline.isolation.shared.deferred import DeferredConnection, leave

        stash = self._item.stash
        shared.begin(engine, bridge=stash.get(BRIDGE, False), marker=stash.get(MARKER, "schema"))
        try:
            self._explained(shared.connect)
            connection = DeferredConnection(engine, begins=True)
            try:
                yield connection
            finally:
                # First, so that what is still open just ends, instead of being undone one by one.
                self._end(shared)
                leave(connection)
        finally:
            shared.end()

    def _end(self, shared: SharedTransaction) -> None:
        """Undo what the test did; what the audit of it wants to know is asked with that."""
        audit = self._audit
        answer = shared.end(audit.question() if audit is not None else "")
        if audit is not None and answer is not None:
            audit.answered(answer)

    def _apart(self, engine: Engine) -> Iterator[Connection]:
        """Yield a connection in a transaction of its own, for engines that can't share one."""
        from sqlalchemy import event

        with self._explained(engine.connect) as connection:
            transaction = connection.begin()
            # The listener runs before COMMIT is sent, so nothing of the test ever becomes permanent.
            event.listen(connection, "commit", _refuse_commit)
            try:
                yield connection
            finally:
                if transaction.is_active:
                    transaction.rollback()

    def _explained(self, connect: Callable[[], T]) -> T:
        """Connect; where that fails because a server of our own has ended, say so."""
        from sqlalchemy.exc import DBAPIError

        try:
            return connect()
        except DBAPIError:
            self._config.stash[PROVISIONING]().check(within=1.0)
            raise


def _refuse_commit(connection: Connection) -> None:
    # SQLAlchemy takes the transaction for ended now and would give the connection back as it is.
    connection.connection.rollback()
    raise IsolationError(
        f"commit() on the connection of schema_isolation to {connection.engine.url!r} ends the isolation",
        hint="Use integration_session, whose commit() stays inside, or connection.begin_nested().",
    )
