"""On somebody else's server: databases of our own, nothing else touched, nothing left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project

SEES = """
import os, pathlib, pytest
from sqlalchemy import text

@pytest.fixture(scope="session")
def found(integration_engine):
    # Written for good: only the choice of the database protects the lent one.
    with integration_engine.begin() as connection:
        connection.execute(text("create table if not exists kept (id int)"))
        connection.execute(text("insert into kept values (2)"))
        return connection.scalar(text("select count(*) from kept"))

@pytest.mark.schema
@pytest.mark.parametrize("n", range(2))
def test_it(n, paceline_database, found):
    pathlib.Path(f"seen-{n}").write_text(f"{paceline_database.name} {found}")
"""


def seen(project: Project) -> dict[str, str]:
    """Return the databases that the tests saw, each with the number of rows in `kept`."""
    lines = [entry.read_text().split() for entry in sorted(project.root.glob("seen-*"))]
    return dict(lines)


@pytest.mark.parametrize("named_by", ["option", "variable", "configuration"])
def test_a_copy_of_the_named_database_is_used_and_dropped(
    project: Project, lent: Lent, named_by: str
) -> None:
    """What an earlier step put there is seen; the named database stays as it was."""
    arguments = ["--schema"]
    match named_by:
        case "option":
            arguments.append(f"--paceline-database-url={lent.url('shop_test')}")
        case "variable":
            project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
        case _:
            project.write(pyproject=f'[tool.paceline.database]\nurl = "{lent.url("shop_test")}"\n')
    project.write(test_it=SEES)
    project.passes(*arguments, passed=2)
    ((name, rows),) = seen(project).items()
    assert name.startswith("shop_test_paceline_")
    assert rows == "2"
    assert lent.databases() == {"shop_test"}
    assert lent.ask("shop_test", "SELECT id FROM kept") == [(1,)]


def test_a_project_that_prepares_gets_an_empty_database(project: Project, lent: Lent) -> None:
    """Its preparation runs on a new database each time."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(
        pyproject='[tool.paceline.database]\nprepare = "app:prepare"\n',
        conftest="import sys; sys.path.insert(0, '.')\n",
        app="def prepare(url): assert '/shop_test_paceline_' in url\n",
        test_it=SEES,
    )
    project.passes("--schema", passed=2)
    assert list(seen(project).values()) == ["1"]
    assert lent.databases() == {"shop_test"}


def test_each_worker_has_a_database_of_its_own(project: Project, lent: Lent) -> None:
    """Also when they copy the same one at the same time."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(test_it=SEES)
    project.passes("--schema", "-p", "xdist", "-n2", "--dist=load", passed=2)
    names = list(seen(project))
    assert [name[-4:] for name in sorted(names, key=lambda name: name[-4:])] == ["_gw0", "_gw1"]
    assert lent.databases() == {"shop_test"}


def test_a_database_that_was_allowed_by_name(project: Project, lent: Lent) -> None:
    """It serves like any other, and isn't written to either."""
    lent.ask("postgres", "CREATE DATABASE shop")
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop")
    project.write(pyproject='[tool.paceline.database]\nallow = ["shop"]\n', test_it=SEES)
    project.passes("--schema", passed=2)
    assert lent.databases() == {"shop", "shop_test"}
    assert lent.ask("shop", "SELECT to_regclass('kept')") == [(None,)]


def test_what_a_killed_run_left_is_dropped(project: Project, lent: Lent) -> None:
    """Only databases of its own pattern that are old and that nobody uses."""
    old, young = f"{int(time.time()) - 7200:08x}", f"{int(time.time()) - 60:08x}"
    stays = {
        f"shop_test_paceline_{young}abcdef",
        f"shop_testXpaceline_{old}abcdef",
        f"other_test_paceline_{old}abcdef",
        f"shop_test_paceline_{old}abcdef_in use",
        "shop_test_paceline_notes",
    }
    goes = {f"shop_test_paceline_{old}abcdef", f"shop_test_paceline_{old}abcdef_gw7"}
    for name in stays | goes:
        lent.ask("postgres", f'CREATE DATABASE "{name}"')
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(test_it=SEES)
    project.passes("--schema", passed=2)
    assert lent.databases() == {"shop_test"} | stays


def test_a_database_in_use_is_not_dropped(project: Project, lent: Lent) -> None:
    """However old: a long run is connected to its own."""
    name = f"shop_test_paceline_{int(time.time()) - 7200:08x}abcdef"
    lent.ask("postgres", f'CREATE DATABASE "{name}"')
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(
        conftest=f"""
        import psycopg
        connection = psycopg.connect({str(lent.place_url(name).text("postgresql"))!r})
        """,
        test_it=SEES,
    )
    project.passes("--schema", passed=2)
    assert lent.databases() == {"shop_test", name}


def test_a_user_who_may_not_create_databases(project: Project, lent: Lent) -> None:
    """An error that says which right is missing; no falling back on the named database."""
    lent.ask("postgres", "DROP ROLE IF EXISTS poor")
    lent.ask("postgres", "CREATE ROLE poor LOGIN")
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test").replace("postgres:s3", "poor:s3")
    project.write(test_it=SEES)
    result = project.run("--schema")
    assert result.outcomes == {"error": 2}, result.output
    assert "permission denied to create database" in result.output
    assert "CREATEDB" in result.output
    assert "s3cr3t" not in result.output
    assert lent.ask("shop_test", "SELECT id FROM kept") == [(1,)]


def test_a_database_that_does_not_exist(project: Project, lent: Lent) -> None:
    """An error with the server's own words."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("missing_test")
    project.write(test_it=SEES)
    result = project.run("--schema")
    assert result.outcomes == {"error": 2}, result.output
    assert 'database "missing_test" does not exist' in result.output
    assert "s3cr3t" not in result.output


def test_a_failed_preparation_leaves_no_database(project: Project, lent: Lent) -> None:
    """The new database goes when it can't be made ready."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(
        pyproject='[tool.paceline.database]\nprepare = "app:prepare"\n',
        conftest="import sys; sys.path.insert(0, '.')\n",
        app="def prepare(url):\n    raise ValueError('no such table')\n",
        test_it=SEES,
    )
    result = project.run("--schema", "--tb=long")
    assert result.outcomes == {"error": 2}, result.output
    assert "no such table" in result.output
    assert "s3cr3t" not in result.output
    assert lent.databases() == {"shop_test"}
