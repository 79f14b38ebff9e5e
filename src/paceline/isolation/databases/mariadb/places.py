"""Where a MariaDB comes from, and what its URLs say."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paceline.config import DatabaseConfig
    from paceline.isolation.backings import Backing
    from paceline.isolation.product import Search
    from paceline.isolation.provision import Own, SharedServer
    from paceline.isolation.urls import DatabaseUrl

_PORT = 3306


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


def unusable(_: Own) -> str:
    """Return why nobody can run a server here; empty when somebody can."""
    from paceline.isolation.server import identity

    user = identity("mysql")
    return user if isinstance(user, str) else ""


def made_by(found: Own) -> tuple[object, ...]:
    """Return what tells a data directory of `found` from those of others."""
    from paceline.isolation.databases.mariadb.program import Installed, MariadbProgram

    assert isinstance(found, Installed)
    return MariadbProgram(found).made_by


def offers(_where: DatabaseUrl | Own, _extensions: frozenset[str]) -> Mapping[str, bool | None]:
    """Return nothing: there are no extensions."""
    return {}


def borrowed(server: SharedServer, worker: str, *, copy: bool) -> Backing:
    """Return a database beside the one that a URL names."""
    from paceline.isolation.backings import BorrowedServer
    from paceline.isolation.databases import mariadb

    return BorrowedServer(mariadb, server, worker, copy=copy)


def keep(_place: Backing, _folder: Path, _nodeid: str) -> None:
    """Return nothing: it can't be kept."""
