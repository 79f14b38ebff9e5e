"""Put the audit around each isolated test, and keep what longer-living fixtures write out of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from paceline.isolation.fixtures import SHARED
from paceline.isolation.modes import MODE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from _pytest.fixtures import SubRequest

    from paceline.isolation.auditing import Audit
    from paceline.isolation.provisioning import Provisioning

WATCH = pytest.StashKey["Watch"]()


@pytest.fixture
def paceline_audit(paceline_database: object, request: pytest.FixtureRequest) -> Iterator[None]:
    """Undo what a test changed for good, and fail it if it wasn't meant to; comes before its others."""
    watch = request.config.stash[WATCH]
    may_commit = request.node.stash.get(MODE, "transaction") == "clone"
    watch.audit.before()
    if may_commit:
        watch.audit.expect()
    yield
    if leak := watch.audit.after():
        # Its connection is to the database that is about to be replaced.
        if (shared := request.config.stash.get(SHARED, None)) is not None:
            del request.config.stash[SHARED]
            shared.close()
        watch.undo()
        if not may_commit:
            raise leak
    elif may_commit:
        watch.audit.settle()


class Watch:
    """The audit, and hooks for fixtures that live longer than a test: what they write is meant to stay."""

    def __init__(self, provisioning: Provisioning) -> None:
        """Tell the audit of `provisioning`, once it is there."""
        self._provisioning = provisioning
        self._audit: Audit | None = None
        self._writers: list[tuple[pytest.FixtureDef[object], SubRequest]] = []

    @property
    def audit(self) -> Audit:
        """The audit of the database's product."""
        if self._audit is None:
            self._audit = self._provisioning.audit
        return self._audit

    def close(self) -> None:
        """Let go of the database."""
        if self._audit is not None:
            self._audit.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: SubRequest
    ) -> Generator[None, object, object]:
        """Take the time that the set-up needs out of the audit of the test in which it happens."""
        if fixturedef.scope == "function" or not self._provisioning.opened:
            return (yield)
        start = self.audit.now()
        try:
            return (yield)
        finally:
            if self.audit.exclude(start):
                self._writers.append((fixturedef, request))

    def undo(self) -> None:
        """Bring the database back to its beginning, and have the fixtures that wrote to it write again."""
        writers, self._writers = self._writers, []
        for fixturedef, request in reversed(writers):
            # What a fixture cleans up the leak may have taken from it, and it's gone in a moment anyway.
            with suppress(Exception):
                fixturedef.finish(request)
        self.audit.undo()
