"""Where the PostgreSQL database of a failed test is kept: under another name, or in a file."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from paceline.errors import ProvisioningError
from paceline.isolation.databases import postgresql

if TYPE_CHECKING:
    from paceline.isolation.backings import Backing
    from paceline.isolation.urls import DatabaseUrl

_LONGEST_BASE = 40
_DUMP_TIMEOUT = 120.0


class KeptDatabase:
    """Beside the others, on a server that outlives the tests."""

    def __init__(self, place: Backing) -> None:
        """Choose a name; a run that clears up after killed ones leaves it alone."""
        base = place.maintenance.name.encode()[:_LONGEST_BASE].decode(errors="ignore")
        self._url: DatabaseUrl = place.url.renamed(f"{base}_kept_{secrets.token_hex(3)}")

    def told(self) -> str:
        """Return the masked URL."""
        return f"kept as {self._url}; drop it when you are done"

    def keep(self, place: Backing) -> None:
        """Copy the database."""
        postgresql.copy(place.maintenance, place.url.name, self._url.name)


class KeptFile:
    """In a file, because the server ends with the tests."""

    def __init__(self, folder: Path, nodeid: str) -> None:
        """Choose a file in `folder` that shows which test it belongs to."""
        name = re.sub(r"[^\w.-]+", "-", nodeid).strip("-")[-100:]
        self._path = folder / f"{name}-{secrets.token_hex(3)}.sql"

    def told(self) -> str:
        """Return the path and a command."""
        path = os.path.relpath(self._path)
        return f"kept in {path}; look at it with: createdb kept_test && psql -f {path} kept_test"

    def keep(self, place: Backing) -> None:
        """Let the server's own pg_dump write it."""
        with postgresql.connected(place.url) as connection:
            row = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
        program = Path(str(row[0] if row else ""), "pg_dump")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        command = [
            str(program),
            "--no-owner",
            f"--file={self._path}",
            f"--dbname={place.url.text('postgresql')}",
        ]
        try:
            # What tests write may be anybody's data: for this user only.
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_DUMP_TIMEOUT, umask=0o077, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProvisioningError(f"the database of a failed test can't be kept: {error}") from None
        if done.returncode:
            raise ProvisioningError(f"the database of a failed test can't be kept: {done.stderr.strip()}")
