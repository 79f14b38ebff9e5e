"""Put sequences back: no rollback does, so generated keys would differ from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

_VALUES: LiteralString = (
    "SELECT format('%I.%I', schemaname, sequencename), last_value, start_value FROM pg_sequences"
)
_SET: LiteralString = "SELECT setval(%s::text::regclass, %s::bigint, %s::boolean)"


class Sequences:
    """The sequences of one database; asking costs a round trip that grows with their number."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Know nothing yet; `connect` when there is something to ask."""
        self._connect = connect
        self._connection: Connection | None = None
        self._before: dict[object, tuple[object, object]] = {}

    def note(self) -> None:
        """Remember where they are."""
        self._before = self._values()

    def restore(self) -> None:
        """Put those that have moved since back to where they were."""
        for name, (last, _) in self._values().items():
            before, start = self._before.get(name, (last, None))
            if last != before:
                assert self._connection is not None
                # One that was never asked has no last value.
                value = start if before is None else before
                self._connection.execute(_SET, [name, value, before is not None])

    def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _values(self) -> dict[object, tuple[object, object]]:
        from psycopg import OperationalError

        if self._connection is not None:
            try:
                return self._asked(self._connection)
            except OperationalError:
                # A test may end all connections.
                self._connection = None
        self._connection = self._connect()
        return self._asked(self._connection)

    def _asked(self, connection: Connection) -> dict[object, tuple[object, object]]:
        rows = connection.execute(_VALUES, prepare=True).fetchall()
        return {name: (last, start) for name, last, start in rows}
