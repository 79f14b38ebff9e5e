"""Put the audit around each isolated test, and keep what longer-living fixtures write out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paceline.isolation.audit import Audit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

AUDIT = pytest.StashKey[Audit]()


@pytest.fixture
def paceline_audit(paceline_database: object, pytestconfig: pytest.Config) -> Iterator[None]:
    """Fail a test that changed the database for good, and undo it; comes before the test's other fixtures."""
    audit = pytestconfig.stash[AUDIT]
    audit.before()
    yield
    audit.after()


class Widely:
    """Hooks that see fixtures which live longer than a test: what they write is meant to stay."""

    def __init__(self, audit: Audit) -> None:
        """Tell `audit`."""
        self._audit = audit

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Take the time that the set-up needs out of the audit of the test in which it happens."""
        if fixturedef.scope == "function" or not self._audit.watching:
            return (yield)
        start = self._audit.now()
        try:
            return (yield)
        finally:
            self._audit.exclude(start)
