"""Take the time that isolation's own fixtures need, apart from that of the test and of the project's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paceline.metrics.isolation_time import STOPWATCH

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.fixtures import SubRequest

_OURS = "paceline.isolation."


class Timing:
    """Hooks around the fixtures that are defined here; one that a project overrides is the project's own."""

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: SubRequest
    ) -> Generator[None, object, object]:
        """Time the set-up, and see to it that the tear-down is timed as well."""
        # Those that it needs have been set up by now.
        if not str(fixturedef.func.__module__).startswith(_OURS):
            return (yield)
        teardown = _Teardown()
        # The last one added is called first: begin, the fixture's own, end.
        fixturedef.addfinalizer(teardown.end)
        try:
            with STOPWATCH:
                return (yield)
        finally:
            fixturedef.addfinalizer(teardown.begin)


class _Teardown:
    """Of one fixture; what is not begun can't end."""

    __slots__ = ("_going",)

    def __init__(self) -> None:
        self._going = False

    def begin(self) -> None:
        self._going = True
        STOPWATCH.__enter__()

    def end(self) -> None:
        if self._going:
            self._going = False
            STOPWATCH.__exit__(None, None, None)
