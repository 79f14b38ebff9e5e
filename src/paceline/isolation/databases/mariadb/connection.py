"""What an engine gets instead of a connection to MariaDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paceline.isolation.shared.connection import JoinedConnection, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.isolation.shared.cursor import JoinedCursor
    from paceline.isolation.shared.statements import Statement


class JoinedMariadb(JoinedConnection):
    """Has the methods that PyMySQL and mysqlclient agree on."""

    def _set_autocommit(self, value: bool) -> None:
        """Emulate it: each statement becomes a transaction."""
        if value and not self.is_autocommit:
            # The server does so.
            self.commit()
        self.is_autocommit = bool(value)

    # A method here, where others have an attribute.
    autocommit: Any = _set_autocommit

    def get_autocommit(self) -> bool:
        """Return whether each statement is a transaction."""
        return self.is_autocommit

    def begin(self) -> None:
        """Begin a transaction, as the drivers' connections can; the one before it is committed."""
        self.commit()
        self.begin_transaction()

    def cursor(self, *_: Any, **__: Any) -> JoinedCursor:
        """Return a cursor that holds all rows: while another kind is read, the connection is blocked."""
        return super().cursor()

    def perform(self, statement: Statement, send: Callable[[], Any]) -> Any:
        """Carry out `send` as a statement of this connection."""
        begun = self._token is not None
        if statement.control == "begin":
            if begun:
                raise refused("BEGIN", commits=True)
            self.begin_transaction()
            return None
        if not begun and (statement.refused == "COMMIT" or statement.control == "characteristics"):
            # SQLAlchemy sets isolation levels by both, and the transaction of the test has one already.
            return None
        return super().perform(statement, send)
