"""A connection that is made when it's used: most tests want the transaction, and few this way into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

if TYPE_CHECKING:
    from sqlalchemy import Engine


class DeferredConnection(Connection):
    """Turns into a `Connection` at the first use of anything but its engine."""

    def __init__(self, engine: Engine, *, begins: bool) -> None:
        """Connect to nothing yet; it `begins` a transaction when it does."""
        self.engine = engine
        self._begins = begins

    def __getattr__(self, name: str) -> Any:
        """Connect: what a connection has, it gets from the constructor that hasn't run."""
        return getattr(self._connected(), name)

    # SQLAlchemy's is a descriptor of the class, and looking it up there must connect as well.
    @property
    def dispatch(self) -> Any:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """Connect: whoever listens reads it first."""
        return self._connected().dispatch

    def _connected(self) -> Connection:
        # The very object: the test holds it, and its listeners and events belong to it.
        self.__class__ = Connection  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue]
        try:
            Connection.__init__(self, self.engine)
        except BaseException:
            self.__class__ = DeferredConnection  # pyright: ignore[reportAttributeAccessIssue]
            raise
        if self._begins:
            self.begin()
        return self


def leave(connection: Connection) -> None:
    """Give back what `connection` has taken, if it was ever used."""
    if not isinstance(connection, DeferredConnection):
        connection.close()
