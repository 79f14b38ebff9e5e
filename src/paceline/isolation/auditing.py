"""What an audit offers to the fixtures, whatever the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from paceline.errors import LeakError


class Audit(Protocol):
    """Finds out whether a test that was isolated changed its database for good."""

    def before(self) -> None:
        """Remember the state before a test."""
        ...

    def question(self) -> str:
        """Return SQL to be asked with the rollback of the test, for `answered`; empty: there is none."""
        ...

    def answered(self, answer: tuple[str | None, ...]) -> None:
        """Take the one row that answered the question, as text; `after` needn't ask then."""
        ...

    def expect(self) -> None:
        """Remember the state before a test that may change it, and get ready to undo that."""
        ...

    # Any: a moment means something only to the audit that has returned it.
    def now(self) -> Any:
        """Return the present."""
        ...

    def exclude(self, start: Any) -> bool:
        """Blame no test for what was committed from `start` until now; return whether anything was."""
        ...

    def after(self, *, marker: str = "schema") -> LeakError | None:
        """Compare with the state before the test; return what it changed for good, if it did.

        Args:
            marker: the one that can change how the test is isolated.
        """
        ...

    def changed(self) -> bool:
        """Tell whether the test, which may, changed it for good; instead of `after`, and may err on yes."""
        ...

    def take_back(self) -> bool:
        """Undo what `changed` has found where `undo` isn't needed for that; return whether it's undone."""
        ...

    def settle(self) -> None:
        """Free connections of what a test may have left on them: locks, settings, temporary tables."""
        ...

    def undo(self) -> None:
        """Give the next test the database as it was when it had been prepared."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
