"""Find what a test left in a SQLite database: the library counts the commits of others."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from paceline.errors import LeakError
from paceline.isolation.databases import sqlite
from paceline.isolation.pools import forget_connections

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from paceline.isolation.provisioning import Provisioning

_SHOWN = 10
_HINT = (
    "Something that the test ran committed outside of its transaction: let it use integration_session, or "
    'give the test a database of its own with @pytest.mark.{marker}(isolation="clone"). '
    "The database has been restored for the next test."
)

#: Number of rows and a digest of them by table, and the definitions of everything by "".
Fingerprint = dict[str, tuple[int, bytes]]


class FileAudit:
    """Exact, and a microsecond where nothing was committed: `PRAGMA data_version` is a counter of commits.

    What was changed is found by comparing the tables, which is only done after a commit.
    """

    def __init__(self, provisioning: Provisioning) -> None:
        """Watch the database of `provisioning`, once it is there."""
        self._provisioning = provisioning
        self._connection: sqlite3.Connection | None = None
        self._known: tuple[int, Fingerprint] | None = None
        self._watching = False

    def before(self) -> None:
        """Remember the state before a test."""
        version = self.now()
        if self._known is None or self._known[0] != version:
            self._known = (version, _fingerprint(self._opened()))
        self._watching = True

    def question(self) -> str:
        """Return none: it's asked apart."""
        return ""

    def answered(self, answer: tuple[str | None, ...]) -> None:
        """Nothing was asked."""

    def expect(self) -> None:
        """Remember the state before a test: a copy is quickly made."""
        self.before()

    def now(self) -> int:
        """Return the number of commits so far, as this connection has seen them."""
        return int(self._opened().execute("PRAGMA data_version").fetchone()[0])

    def exclude(self, start: int) -> bool:
        """Blame no test for what was committed from `start` until now; return whether anything was."""
        version = self.now()
        if version == start:
            return False
        if self._watching:
            self._known = (version, _fingerprint(self._opened()))
        return True

    def after(self, *, marker: str = "schema") -> LeakError | None:
        """Compare with the state before the test; return what it changed for good, if it did."""
        if not self._watching or self._known is None:
            return None
        self._watching = False
        known, version = self._known, self.now()
        if version == known[0]:
            return None
        self._known = (version, _fingerprint(self._opened()))
        changes = list(_changes(known[1], self._known[1]))
        if not changes:
            return None
        shown = changes[:_SHOWN] + ([f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else [])
        name = sqlite.label(self._provisioning.place.url.name) or "in memory"
        return LeakError(
            f"the test changed the database {name} for good: {', '.join(shown)}",
            hint=_HINT.format(marker=marker),
        )

    def changed(self) -> bool:
        """Tell whether the test, which may, changed it for good."""
        return self.after() is not None

    def take_back(self) -> bool:
        """Return False: a copy of a file costs little."""
        return False

    def settle(self) -> None:
        """End connections that a test may have left settings or temporary tables on."""
        forget_connections(self._provisioning.place.url.name)

    def undo(self) -> None:
        """Give the next test the database as it was when it had been prepared."""
        self.close()
        self._provisioning.restore()

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._known = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite.connect(self._provisioning.place.url)
        return self._connection


def _fingerprint(connection: sqlite3.Connection) -> Fingerprint:
    definitions = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
    found: Fingerprint = {"": (0, _digest(definitions))}
    for kind, name, sql in definitions:
        # A virtual table has ordinary ones beneath it, and may need a module that this connection lacks.
        if kind == "table" and sql is not None and not sql.upper().startswith("CREATE VIRTUAL"):
            found[name] = _rows(connection, name)
    return found


def _rows(connection: sqlite3.Connection, table: str) -> tuple[int, bytes]:
    quoted = table.replace('"', '""')
    count, total = 0, 0
    # A sum, because the order of rows says nothing.
    for row in connection.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - a quoted name
        count += 1
        total += int.from_bytes(_digest(row), "big")
    return count, total.to_bytes(24, "big")


def _digest(content: object) -> bytes:
    return hashlib.blake2b(repr(content).encode(errors="surrogatepass"), digest_size=16).digest()


def _changes(before: Fingerprint, after: Fingerprint) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if not name:
            if before.keys() == after.keys():
                yield "the schema (change)"
        elif was is None:
            yield f"{name} (CREATE)"
        elif now is None:
            yield f"{name} (DROP)"
        elif now[0] == was[0]:
            yield f"{name} (UPDATE)"
        else:
            more = now[0] - was[0]
            rows = "1 row" if abs(more) == 1 else f"{abs(more)} rows"
            yield f"{name} ({'INSERT' if more > 0 else 'DELETE'}, {rows})"
