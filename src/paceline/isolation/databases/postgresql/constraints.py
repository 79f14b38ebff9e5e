"""Constraints that are checked at commit: an emulated commit has to check them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paceline.isolation.shared.words import Voice

#: Those that are deferred by default have to be named to be set back after a check.
_DEFERRABLE = (
    "SELECT DISTINCT c.condeferred, quote_ident(n.nspname) || '.' || quote_ident(c.conname) "
    "FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.condeferrable"
)


class Constraints:
    """The deferrable constraints that a test meets; asked for once, and after each change of the schema."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: list[tuple[bool, str]] | None = None
        self._schema_changed = False

    def forget(self) -> None:
        """Ask again: another test begins."""
        self._known = None
        self._schema_changed = False

    def note_change(self) -> None:
        """Ask again: a statement may have changed the schema."""
        self._known = None
        self._schema_changed = True

    def note_rollback(self) -> None:
        """Ask again if what was changed may have been undone."""
        if self._schema_changed:
            self._known = None

    def check(self, voice: Voice) -> None:
        """Do what a COMMIT on `voice` does about deferred constraints.

        Raises:
            Exception: the driver's, as a COMMIT would.
        """
        if self._known is None:
            self._known = [(bool(row[0]), str(row[1])) for row in voice.ask(_DEFERRABLE)]
        if not self._known:
            return
        voice.ask("SET CONSTRAINTS ALL IMMEDIATE")
        if deferred := [name for is_deferred, name in self._known if is_deferred]:
            voice.send((f"SET CONSTRAINTS {', '.join(deferred)} DEFERRED",))
