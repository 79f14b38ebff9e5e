"""Put the audit around each isolated test, and keep what longer-living fixtures write out of it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from paceline.isolation.fixtures import SHARED
from paceline.isolation.keeping import KEPT
from paceline.isolation.modes import MARKER, MODE
from paceline.metrics.isolation_time import STOPWATCH

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.fixtures import SubRequest

    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing
    from paceline.isolation.product import Sequences
    from paceline.isolation.provisioning import Provisioning

WATCH = pytest.StashKey["Watch"]()


class Watch:
    """The audit, and hooks for fixtures that live longer than a test: what they write is meant to stay."""

    def __init__(self, provisioning: Provisioning, *, reset_sequences: bool) -> None:
        """Watch the database of `provisioning`, once it is there, and `reset_sequences` if asked for."""
        self._provisioning = provisioning
        self._reset_sequences = reset_sequences
        self._audit: Audit | None = None
        self._sequences: Sequences | None = None
        self._writers: list[tuple[pytest.FixtureDef[object], SubRequest]] = []

    @property
    def audit(self) -> Audit:
        """The audit of the database's product."""
        if self._audit is None:
            self._audit = self._provisioning.audit
        return self._audit

    @property
    def place(self) -> Backing:
        """Where the database is."""
        return self._provisioning.place

    @property
    def sequences(self) -> Sequences | None:
        """What is put back after each test that is rolled back.

        Raises:
            ConfigError: it's asked for, and can't be.
        """
        if self._reset_sequences and self._sequences is None:
            self._sequences = self._provisioning.product.sequences(self._provisioning)
        return self._sequences

    @contextmanager
    def over(self, item: pytest.Item) -> Generator[None, None, None]:
        """Undo what `item` changed for good, and fail it if it wasn't meant to.

        Raises:
            LeakError: it changed something, and wasn't.
        """
        audit = self.audit
        may_commit = item.stash.get(MODE, "transaction") == "clone"
        if may_commit:
            audit.expect()
        else:
            audit.before()
        sequences = None if may_commit else self.sequences
        if sequences is not None:
            sequences.note()
        yield
        leak = None
        if may_commit:
            changed = audit.changed()
        else:
            leak = audit.after(marker=item.stash.get(MARKER, "schema"))
            changed = leak is not None
        if (kept := item.stash.get(KEPT, None)) is not None:
            kept.keep(self.place)
        if changed or kept:
            # Its connection is to the database that is about to be replaced.
            if (shared := item.config.stash.get(SHARED, None)) is not None:
                del item.config.stash[SHARED]
                shared.close()
            self._undo(rows=may_commit and not kept)
            if leak is not None:
                raise leak
        elif may_commit:
            audit.settle()
        elif sequences is not None:
            sequences.restore()

    def close(self) -> None:
        """Let go of the database."""
        if self._sequences is not None:
            self._sequences.close()
        if self._audit is not None:
            self._audit.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: SubRequest
    ) -> Generator[None, object, object]:
        """Take the time that the set-up needs out of the audit of the test in which it happens."""
        if fixturedef.scope == "function" or not self._provisioning.opened:
            return (yield)
        with STOPWATCH:
            start = self.audit.now()
        try:
            return (yield)
        finally:
            with STOPWATCH:
                if self.audit.exclude(start):
                    self._writers.append((fixturedef, request))
                    if self._sequences is not None:
                        self._sequences.note()

    def _undo(self, *, rows: bool) -> None:
        """Bring the database back to its beginning; without replacing it where only `rows` have to go."""
        if self._sequences is not None:
            # Its connection would be somebody else's in the database.
            self._sequences.close()
        # What fixtures have written, and where their sequences are, only they know.
        if rows and not self._writers and self.audit.take_back():
            self.audit.settle()
        else:
            self.undo()

    def undo(self) -> None:
        """Bring the database back to its beginning, and have the fixtures that wrote to it write again."""
        writers, self._writers = self._writers, []
        for fixturedef, request in reversed(writers):
            # What a fixture cleans up the leak may have taken from it, and it's gone in a moment anyway.
            with suppress(Exception):
                fixturedef.finish(request)
        self.audit.undo()
