"""What only one product can: the others say so, or need it not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.database import Project, clean_environ, needs_mariadb

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest
from sqlalchemy import text

@pytest.mark.{marker}
def test_it(integration_engine):
    with integration_engine.begin() as connection:
        connection.execute(text("insert into item (name) values ('a')"))
        assert connection.execute(text("select max(id) from item")).scalar_one() == 1
    assert {ends}
"""
SQL = {
    "sqlite": "create table item (id integer primary key autoincrement, name text);",
    "mariadb": "create table item (id integer primary key auto_increment, name varchar(9));",
}


def project_on(product: str, folder: Path, *, settings: str = "", ends: bool = True) -> Project:
    """Return a project with one test in a transaction and one with a database of its own."""
    made = Project(folder, clean_environ())
    (folder / "tables.sql").write_text(SQL[product])
    made.write(
        pyproject=f"""
        [tool.paceline.suite.db]
        requires = ["{product}"]
        isolation = "transaction"
        [tool.paceline.database]
        sql = ["tables.sql"]
        {settings}
        """,
        test_inside=TESTS.format(marker="db", ends=ends),
        test_again=TESTS.format(marker="db", ends=ends),
        test_clone=TESTS.format(marker='db(isolation="clone")', ends=ends),
    )
    return made


def test_sqlite_gives_keys_back_by_itself(tmp_path: Path) -> None:
    """With the option or without it."""
    project = project_on("sqlite", tmp_path, settings="reset_sequences = true")
    project.passes("--db", passed=3)


@needs_mariadb
def test_mariadb_has_no_way_back_for_keys(tmp_path: Path) -> None:
    """Whoever asks for it is told."""
    result = project_on("mariadb", tmp_path, settings="reset_sequences = true").run("--db")
    assert "MariaDB has no way back for AUTO_INCREMENT" in result.output
    assert {"error": 2, "passed": 1} == result.outcomes, result.output


def test_a_bridge_is_postgresqls(tmp_path: Path) -> None:
    """Elsewhere the tests in a transaction end with that."""
    result = project_on("sqlite", tmp_path, settings="bridge = true").run("--db")
    assert "a bridge between drivers needs PostgreSQL" in result.output
    assert {"error": 2, "passed": 1} == result.outcomes, result.output


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    """A failed test with a database of its own tells that it's gone."""
    result = project_on("sqlite", tmp_path, ends=False).run(
        "--db", "--paceline-keep-databases", "test_clone.py"
    )
    assert "not kept: a database of SQLite can't be" in result.output
