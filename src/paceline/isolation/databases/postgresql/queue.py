"""Databases copied and dropped by the server one after the other, while nobody waits for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    import psycopg
    from psycopg.sql import Composed

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]


class Queue:
    """What one connection has been told to do. It's told in libpq's pipeline mode, so asking never waits."""

    def __init__(self, connection: Connection) -> None:
        """Take over `connection`, which leads to none of the databases that will be copied or dropped."""
        self._connection = connection
        self._connection.pgconn.enter_pipeline_mode()
        # Whether each statement that was sent, and not answered yet, makes a copy.
        self._asked: deque[bool] = deque()

    @property
    def broken(self) -> bool:
        """Whether the connection has been lost."""
        return self._connection.broken

    def ask(self, statement: Composed, *, copies: bool) -> None:
        """Have the server carry out `statement` when its turn comes.

        Args:
            statement: one that can't share a transaction.
            copies: it makes a database that somebody will wait for.
        """
        connection = self._connection.pgconn
        connection.send_query_params(statement.as_bytes(self._connection), None)
        # Ends the transaction.
        connection.pipeline_sync()
        connection.flush()
        self._asked.append(copies)

    def has_next(self) -> bool:
        """Tell whether the next copy is ready."""
        connection = self._connection.pgconn
        connection.consume_input()
        while self._asked and not self._asked[0] and not connection.is_busy():
            self._answer()
        return bool(self._asked) and self._asked[0] and not connection.is_busy()

    def next_copied(self) -> bool:
        """Wait for the next copy; return whether it was made."""
        while self._asked:
            copies = self._asked[0]
            done = self._answer()
            if copies:
                return done
        return False

    def close(self) -> None:
        """Forget about what hasn't been done yet."""
        self._connection.close()

    def _answer(self) -> bool:
        """Take the answer to the oldest statement; return whether it succeeded."""
        from psycopg.pq import ExecStatus

        self._asked.popleft()
        connection = self._connection.pgconn
        done = False
        while (result := connection.get_result()) is not None:
            done = result.status == ExecStatus.COMMAND_OK
        # What stands for the synchronisation.
        connection.get_result()
        return done
