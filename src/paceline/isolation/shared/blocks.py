"""psycopg's transaction blocks: `with connection.transaction()`, on a connection that is joined."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from paceline.isolation.shared.statements import Statement

if TYPE_CHECKING:
    from paceline.isolation.shared.connection import JoinedConnection

_NUMBERS = count(1)


class TransactionBlock:
    """A transaction where none is open yet, else a savepoint.

    Attributes:
        connection: the one it is a block of.
        savepoint_name: empty for a transaction.
    """

    def __init__(
        self,
        connection: JoinedConnection,
        savepoint_name: str | None = None,
        force_rollback: bool = False,
    ) -> None:
        """Begin nothing yet."""
        self.connection = connection
        self.force_rollback = force_rollback
        self.savepoint_name = savepoint_name or ""
        self._outermost = False

    def __enter__(self) -> Self:
        """Begin."""
        self._outermost = not self.connection.in_transaction
        if self._outermost:
            self.connection.begin_transaction()
        else:
            self.savepoint_name = self.savepoint_name or f"_pg3_{next(_NUMBERS)}"
            self._control("savepoint")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> bool:
        """Keep what was done, or undo it after an error; one that only asks for that ends here."""
        undo = self.force_rollback or kind is not None
        if self._outermost:
            (self.connection.rollback if undo else self.connection.commit)()
        else:
            if undo:
                self._control("rollback_to")
            self._control("release")
        asked = getattr(sys.modules.get("psycopg"), "Rollback", ())
        if not isinstance(error, asked):
            return False
        meant: Any = getattr(error, "transaction", None)
        return meant is None or meant is self

    def _control(self, control: Any) -> None:
        statement = Statement(control=control, name=self.savepoint_name, reads=True)
        self.connection.perform(statement, lambda: None)
