"""SQLite: a file, or memory that the connections of this process share."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from paceline.errors import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from paceline.config import DatabaseConfig
    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing
    from paceline.isolation.product import Search
    from paceline.isolation.provision import Own, SharedServer
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.shared.words import Words
    from paceline.isolation.urls import DatabaseUrl

TITLE = "SQLite"
SCHEMES = frozenset({"sqlite"})
DRIVERNAME = "sqlite"
EXAMPLE = "sqlite:///shop_test.db"
HINT = "Python's module sqlite3 is needed."
#: Seconds that a connection of ours waits for others.
_TIMEOUT = 10.0
_OWN = "SQLite of Python"


def label(name: str) -> str:
    """Return the name of the file without its folder; nothing for a database in memory."""
    return "" if is_memory(name) else PurePath(name.removeprefix("file:")).stem


def quoted(name: str) -> str:
    """Return the path as it stands in a URL."""
    return quote(name, safe="/: ")


def is_memory(name: str) -> bool:
    """Tell whether the name stands for a database in memory."""
    return name in {"", ":memory:"} or name.startswith("file::memory:")


def variables(url: DatabaseUrl) -> Mapping[str, str]:
    """Return nothing: no client reads variables."""
    return {}


def unreachable(url: DatabaseUrl) -> str:
    """Return why there is no file, if there is none."""
    if is_memory(url.name) or path_of(url).is_file():
        return ""
    return f"there is no file {path_of(url)}"


def path_of(url: DatabaseUrl) -> Path:
    """Return the file of a database that isn't in memory."""
    return Path(url.name.removeprefix("file:")).absolute()


def searches(settings: DatabaseConfig, environ: Mapping[str, str]) -> tuple[Search, ...]:
    """Return Python's own: a file of ours."""
    from paceline.isolation.provision import Own

    return ((_OWN, lambda: Own(source=_OWN)),)


def configured(folder: str) -> Own | str:
    """Return that there is nothing to configure."""
    return "SQLite has no programs"


def require_driver() -> None:
    """Do nothing: it comes with Python."""


def own(found: Own) -> Backing | str:
    """Return a file of our own."""
    from paceline.isolation.databases.sqlite.files import PrivateFile

    return PrivateFile(found.source)


def unusable(_: Own) -> str:
    """Return nothing: it's part of this process."""
    return ""


def made_by(_: Own) -> None:
    """Return nothing: no file is kept, it's quickly filled."""


def offers(_where: DatabaseUrl | Own, _extensions: frozenset[str]) -> Mapping[str, bool | None]:
    """Return nothing: there are no extensions."""
    return {}


def borrowed(server: SharedServer, worker: str, *, copy: bool) -> Backing:
    """Return a private copy of the file that a URL names, or a database in memory."""
    from paceline.isolation.databases.sqlite.files import PrivateFile, PrivateMemory

    if is_memory(server.url.name) or server.url.parameter("mode") == "memory":
        return PrivateMemory(server.source)
    return PrivateFile(server.source, path_of(server.url) if copy else None)


def extend(url: DatabaseUrl, extensions: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return nothing: there are no extensions to create."""
    return ()


@contextmanager
def connected(url: DatabaseUrl) -> Generator[sqlite3.Connection, None, None]:
    """Yield a connection that begins no transactions.

    Raises:
        ProvisioningError: the file can't be opened, or an SQL statement fails.
    """
    try:
        with closing(connect(url)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise ProvisioningError(f"{url}: {error}") from error


def connect(url: DatabaseUrl) -> sqlite3.Connection:
    """Return a connection that begins no transactions, that any thread may use and that the caller closes."""
    options = "&".join(f"{key}={url.parameter(key)}" for key in ("vfs", "mode") if url.parameter(key))
    name = url.name + ("?" if options else "") + options
    return sqlite3.connect(
        name, uri=name.startswith("file:"), timeout=_TIMEOUT, isolation_level=None, check_same_thread=False
    )


def run(url: DatabaseUrl, script: str) -> None:
    """Run the statements of `script`, all or none of them.

    Raises:
        ProvisioningError: one fails.
    """
    # What `.dump` has written brings a transaction of its own.
    whole = (
        script
        if re.search(r"^\s*BEGIN\b", script, re.IGNORECASE | re.MULTILINE)
        else f"BEGIN;{script};COMMIT"
    )
    with connected(url) as connection:
        connection.executescript(whole)


def has_tables(url: DatabaseUrl) -> bool:
    """Tell whether the database has any table.

    Raises:
        ProvisioningError: the file can't be read.
    """
    with connected(url) as connection:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1").fetchone()
    return found is not None


def server_version(url: DatabaseUrl) -> str:
    """Return the version of the library."""
    return sqlite3.sqlite_version


def audit(provisioning: Provisioning) -> Audit:
    """Return the audit of the file's change counter."""
    from paceline.isolation.databases.sqlite.commits import FileAudit

    return FileAudit(provisioning)


def sequences(_: Provisioning) -> None:
    """Return nothing: a rollback takes generated keys back."""


def keep(_place: Backing, _folder: Path, _nodeid: str) -> None:
    """Return nothing: it can't be kept."""


def words() -> Words:
    """Return what the shared transaction says."""
    from paceline.isolation.databases.sqlite.transactions import SqliteWords

    return SqliteWords()
