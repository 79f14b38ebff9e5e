"""MariaDB, and MySQL where a URL names one."""

from __future__ import annotations

import re
import socket
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from paceline.errors import MissingDependencyError, ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from paceline.config import DatabaseConfig
    from paceline.isolation.auditing import Audit
    from paceline.isolation.backings import Backing, Pool
    from paceline.isolation.product import Search
    from paceline.isolation.provision import Own, SharedServer
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.shared.words import Words
    from paceline.isolation.urls import DatabaseUrl

TITLE = "MariaDB"
SCHEMES = frozenset({"mysql", "mariadb"})
DRIVERNAME = "mysql+pymysql"
EXAMPLE = "mysql://user@host/shop_test"
HINT = (
    "Install pytest-paceline[mariadb] and a server, such as Debian's mariadb-server, or name one in "
    "PACELINE_DATABASE_URL."
)
_PORT = 3306
_CONNECT_TIMEOUT = 10


def label(name: str) -> str:
    """Return the name: all of it tells whether the database is one for tests."""
    return name or "nameless"


def quoted(name: str) -> str:
    """Return the name as it stands in a URL."""
    return quote(name, safe="")


def variables(url: DatabaseUrl) -> Mapping[str, str]:
    """Return the parts by the names of the variables that the server's own clients read."""
    host, port = url.address(_PORT) or ("", "")
    return {
        "MYSQL_HOST": host,
        "MYSQL_TCP_PORT": str(port),
        "MYSQL_UNIX_PORT": url.parameter("unix_socket"),
        "MYSQL_PWD": url.password,
    }


def unreachable(url: DatabaseUrl) -> str:
    """Return why nothing listens at `url`, without a driver; empty when something does or nobody knows."""
    where: Any = url.parameter("unix_socket") or url.address(_PORT)
    if not where:
        return ""
    try:
        if isinstance(where, str):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(where)
        else:
            socket.create_connection(where, 2.0).close()
    except OSError as error:
        shown = where if isinstance(where, str) else f"{where[0]}:{where[1]}"
        return f"nothing answers at {shown}: {error.strerror or error}"
    return ""


def searches(settings: DatabaseConfig, environ: Mapping[str, str]) -> tuple[Search, ...]:
    """Return the machine's own packages."""
    from paceline.isolation.databases.mariadb.program import on_machine

    return (("local mariadbd and mariadb-install-db", lambda: on_machine(environ.get("PATH", ""))),)


def configured(folder: str) -> Own | str:
    """Return the server whose programs are in `folder`, or why there is none."""
    from paceline.isolation.databases.mariadb.program import in_folder

    return in_folder(folder)


def require_driver() -> None:
    """Make sure that this module can work at all.

    Raises:
        MissingDependencyError: PyMySQL or SQLAlchemy is not installed.
    """
    for library in ("pymysql", "sqlalchemy"):
        try:
            import_module(library)
        except ImportError as error:
            raise MissingDependencyError(
                f"MariaDB needs the library {library}", hint="Install pytest-paceline[mariadb]."
            ) from error


def own(found: Own) -> Backing | str:
    """Return a server of our own, or why nobody can run one here."""
    from paceline.isolation.backings import OwnServer
    from paceline.isolation.databases import mariadb
    from paceline.isolation.databases.mariadb.program import SOCKET, Installed, MariadbProgram, url_in
    from paceline.isolation.server import Place, identity

    assert isinstance(found, Installed)
    user = identity("mysql")
    if isinstance(user, str):
        return user
    place = Place.choose(SOCKET)
    return OwnServer(mariadb, MariadbProgram(found), place, user, maintenance=url_in(place, "mysql"))


def borrowed(server: SharedServer, worker: str, *, copy: bool) -> Backing:
    """Return a database beside the one that a URL names."""
    from paceline.isolation.backings import BorrowedServer
    from paceline.isolation.databases import mariadb

    return BorrowedServer(mariadb, server, worker, copy=copy)


def extend(url: DatabaseUrl, extensions: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return nothing: there are no extensions to create."""
    return ()


def connect(url: DatabaseUrl) -> Any:
    """Return an autocommit connection that the caller closes.

    Raises:
        ProvisioningError: the server refuses.
    """
    import pymysql
    from sqlalchemy import make_url

    with _explained(url):
        # SQLAlchemy knows what its URLs mean to the driver.
        parsed = make_url(str(url.text(DRIVERNAME)))
        arguments, options = parsed.get_dialect()().create_connect_args(parsed)
        own: dict[str, Any] = {"autocommit": True, "connect_timeout": _CONNECT_TIMEOUT}
        return pymysql.connect(*arguments, **{**options, **own})


@contextmanager
def connected(url: DatabaseUrl) -> Generator[Any, None, None]:
    """Yield a cursor of an autocommit connection.

    Raises:
        ProvisioningError: the server refuses, or an SQL statement fails.
    """
    with closing(connect(url)) as connection, _explained(url), connection.cursor() as cursor:
        yield cursor


@contextmanager
def _explained(url: DatabaseUrl) -> Generator[None, None, None]:
    import pymysql

    try:
        yield
    except pymysql.Error as error:
        denied = error.args and error.args[0] in {1044, 1142, 1227}
        hint = f"Give the user the right to create databases (GRANT ALL ON `{url.name}%`.* TO ...)."
        text = url.masked(str(error.args[-1] if error.args else error))
        # The chained exception of a failed connection can hold the password of the URL.
        raise ProvisioningError(f"{url}: {text}", hint=hint if denied else "") from None


def name(text: str) -> str:
    """Return an identifier as it stands in SQL."""
    return "`" + text.replace("`", "``") + "`"


def create(url: DatabaseUrl, new: str, *, copy: bool = False) -> None:
    """Create the database `new`, empty or a copy of the one that `url` names.

    Raises:
        ProvisioningError: the server refuses.
    """
    from paceline.isolation.databases.mariadb.copying import copy_database, create_like

    with connected(url) as cursor:
        if copy:
            copy_database(cursor, url.name, new)
        else:
            create_like(cursor, url.name, new)


def copy(url: DatabaseUrl, source: str, new: str) -> None:
    """Create the database `new` as a copy of `source`, ending what is connected to `source`.

    Raises:
        ProvisioningError: the server refuses.
    """
    from paceline.isolation.databases.mariadb.copying import copy_database

    with connected(url) as cursor:
        _disconnect(cursor, source)
        copy_database(cursor, source, new)


def is_used(url: DatabaseUrl, wanted: str) -> bool:
    """Tell whether anybody is connected to the database `wanted`.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        return bool(_connections(cursor, wanted))


def drop(url: DatabaseUrl, old: str) -> None:
    """Drop the database `old` and end what is still connected to it.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        # A transaction that is open holds locks on its tables.
        _disconnect(cursor, old)
        cursor.execute(f"DROP DATABASE IF EXISTS {name(old)}")


def drop_unused(url: DatabaseUrl, stem: str, chosen: Callable[[str], bool]) -> None:
    """Drop the `chosen` of the databases that begin with `stem` and that nobody is connected to.

    Raises:
        ProvisioningError: the server refuses to list them.
    """
    import pymysql

    pattern = re.sub(r"([\\%_])", r"\\\1", stem) + "%"
    with connected(url) as cursor:
        cursor.execute("SHOW DATABASES LIKE %s", [pattern])
        for found in filter(chosen, [str(row[0]) for row in cursor.fetchall()]):
            if not _connections(cursor, found):
                with suppress(pymysql.Error):
                    cursor.execute(f"DROP DATABASE IF EXISTS {name(found)}")


def pool(maintenance: DatabaseUrl, template: str) -> Pool:
    """Return what makes copies of the template."""
    from paceline.isolation.databases.mariadb.copying import Copies

    return Copies(maintenance, template)


def _connections(cursor: Any, wanted: str) -> list[int]:
    cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", [wanted])
    return [int(row[0]) for row in cursor.fetchall()]


def _disconnect(cursor: Any, wanted: str) -> None:
    import pymysql

    for number in _connections(cursor, wanted):
        # Gone already, or our own.
        with suppress(pymysql.Error):
            cursor.execute(f"KILL {number}")


def run(url: DatabaseUrl, script: str) -> None:
    """Run the statements of `script`; those before one that fails stay.

    Raises:
        ProvisioningError: one fails.
    """
    from paceline.isolation.databases.mariadb.scripts import statements

    with connected(url) as cursor:
        for statement in statements(script):
            cursor.execute(statement)


def has_tables(url: DatabaseUrl) -> bool:
    """Tell whether the database has any table.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        return bool(cursor.execute("SHOW TABLES"))


def server_version(url: DatabaseUrl) -> str:
    """Return the version, such as "10.11.19".

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        cursor.execute("SELECT VERSION()")
        return str(cursor.fetchone()[0]).partition("-")[0]


def audit(provisioning: Provisioning) -> Audit:
    """Return the audit of the binary log."""
    from paceline.isolation.databases.mariadb.commits import LogAudit

    return LogAudit(provisioning)


def words() -> Words:
    """Return what the shared transaction says."""
    from paceline.isolation.databases.mariadb.transactions import MariadbWords

    return MariadbWords()
