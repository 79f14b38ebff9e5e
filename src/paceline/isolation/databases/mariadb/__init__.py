"""MariaDB, and MySQL where a URL names one."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from paceline.errors import ConfigError, MissingDependencyError, ProvisioningError
from paceline.isolation.databases.mariadb.places import (
    borrowed,
    configured,
    keep,
    label,
    made_by,
    offers,
    own,
    quoted,
    searches,
    unreachable,
    unusable,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import NoReturn

    from paceline.isolation.auditing import Audit
    from paceline.isolation.product import Pool
    from paceline.isolation.provisioning import Provisioning
    from paceline.isolation.shared.words import Words
    from paceline.isolation.urls import DatabaseUrl

__all__ = [
    "DRIVERNAME",
    "EXAMPLE",
    "HINT",
    "SCHEMES",
    "TITLE",
    "audit",
    "borrowed",
    "configured",
    "connect",
    "connected",
    "copy",
    "create",
    "drop",
    "drop_unused",
    "extend",
    "has_tables",
    "identifier",
    "is_used",
    "keep",
    "label",
    "made_by",
    "offers",
    "own",
    "pool",
    "quoted",
    "require_driver",
    "run",
    "searches",
    "sequences",
    "server_version",
    "unreachable",
    "unusable",
    "variables",
    "words",
]

TITLE = "MariaDB"
SCHEMES = frozenset({"mysql", "mariadb"})
DRIVERNAME = "mysql+pymysql"
EXAMPLE = "mysql://user@host/shop_test"
HINT = (
    "Install pytest-paceline[mariadb] and a server, such as Debian's mariadb-server, or name one in "
    "PACELINE_DATABASE_URL."
)
_CONNECT_TIMEOUT = 10


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
        if url.parameter("unix_socket"):
            # The driver would read all certificates of the machine for each connection.
            own["ssl_disabled"] = True
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


def identifier(text: str) -> str:
    """Return an identifier as it stands in SQL."""
    return "`" + text.replace("`", "``") + "`"


def create(url: DatabaseUrl, name: str, *, copy: bool = False) -> None:
    """Create the database `name`, empty or a copy of the one that `url` names.

    Raises:
        ProvisioningError: the server refuses.
    """
    from paceline.isolation.databases.mariadb.copying import copy_database, create_like

    with connected(url) as cursor:
        if copy:
            copy_database(cursor, url.name, name)
        else:
            create_like(cursor, url.name, name)


def copy(url: DatabaseUrl, source: str, name: str) -> None:
    """Create the database `name` as a copy of `source`, ending what is connected to `source`.

    Raises:
        ProvisioningError: the server refuses.
    """
    from paceline.isolation.databases.mariadb.copying import copy_database

    with connected(url) as cursor:
        _disconnect(cursor, source)
        copy_database(cursor, source, name)


def is_used(url: DatabaseUrl, name: str) -> bool:
    """Tell whether anybody is connected to the database `name`.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        return bool(_connections(cursor, name))


def drop(url: DatabaseUrl, name: str) -> None:
    """Drop the database `name` and end what is still connected to it.

    Raises:
        ProvisioningError: the server refuses.
    """
    with connected(url) as cursor:
        # A transaction that is open holds locks on its tables.
        _disconnect(cursor, name)
        cursor.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")


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
                    cursor.execute(f"DROP DATABASE IF EXISTS {identifier(found)}")


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


def sequences(_: Provisioning) -> NoReturn:
    """Refuse: the server counts on whatever is rolled back.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(
        f"tool.paceline.database.reset_sequences is set, but {TITLE} has no way back for AUTO_INCREMENT",
        hint="Take it out, and let the tests expect no particular keys.",
    )


def words() -> Words:
    """Return what the shared transaction says."""
    from paceline.isolation.databases.mariadb.transactions import MariadbWords

    return MariadbWords()
