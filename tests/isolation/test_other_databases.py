"""SQLite and MariaDB through the same fixtures: leaks, clones, workers, and what a URL names."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ, gone_within, needs_mariadb
from tests.isolation import shared_project

from paceline.isolation.databases import mariadb
from paceline.isolation.databases.mariadb.program import (
    SOCKET,
    Installed,
    MariadbProgram,
    on_machine,
    url_in,
)
from paceline.isolation.server import Identity, Place, PrivateServer, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "file": ("sqlite+pysqlite", "sqlite", {}),
    "memory": ("sqlite+pysqlite", "sqlite", {"PACELINE_DATABASE_URL": "sqlite://"}),
    "mariadb": ("mysql+pymysql", "mariadb", {}),
}
PREAMBLE = """
import os
import pytest
from contextlib import closing
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session
from app import *
from conftest import connect

pytestmark = pytest.mark.schema

def commit_outside(statement):
    with closing(connect(make_url(os.environ["APP_URL"]))) as connection:
        connection.cursor().execute(statement)
        connection.commit()

def ids():
    with Session(engine) as session:
        return session.scalars(text("select id from item order by id")).all()
"""
#: The part of the scenarios' conftest that connects, without its own check after each test.
CONNECT = shared_project.CONFTEST.partition("@pytest.hookimpl")[0]


def project_on(kind: str, folder: Path) -> Project:
    """Return a project with the application."""
    driver, requires, environ = KINDS[kind]
    made = Project(folder, clean_environ(APP_DRIVER=driver, **environ))
    made.write(
        pyproject=f'[tool.paceline.suite.schema]\nrequires = ["{requires}"]\n' + shared_project.CONFIGURATION,
        app=shared_project.APPLICATION,
        conftest=CONNECT,
    )
    return made


@pytest.fixture(params=["file", "memory", pytest.param("mariadb", marks=needs_mariadb)])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """The project on each kind of database."""
    return project_on(request.param, tmp_path)


def test_a_leak_is_named_and_undone(project: Project) -> None:
    """Whatever commits beside SQLAlchemy, with its tables; the next test has the database as prepared."""
    project.write(
        test_it=PREAMBLE
        + """
@pytest.mark.parametrize("statement", [
    "insert into item values (5, 'x')", "update item set note = 'x'", "delete from item",
    "create table extra (id int)", "drop table part",
])
def test_leak(statement):
    commit_outside(statement)

def test_next():
    assert ids() == [0]
    with engine.connect() as connection:
        assert connection.scalar(text("select note from item")) == "seed"
        assert connection.scalar(text("select count(*) from part")) == 0

def test_harmless():
    commit_outside("select * from item")
"""
    )
    result = project.run("--schema", "-v")
    assert result.outcomes == {"passed": 7, "error": 5}, result.output
    for table, word in (
        ("item", "INSERT"),
        ("item", "UPDATE"),
        ("item", "DELETE"),
        ("extra", "CREATE"),
        ("part", "DROP"),
    ):
        assert f"for good: {table} ({word}" in result.output, result.output
    assert 'isolation="clone"' in result.output


def test_clones_commit_and_are_replaced(project: Project) -> None:
    """Also statements that change tables; a fixture that wrote for several tests writes again."""
    project.write(
        test_it=PREAMBLE
        + """
@pytest.fixture(scope="module")
def shared_row():
    commit_outside("insert into item values (7, 'shared')")

@pytest.mark.schema(isolation="clone")
def test_writes(shared_row):
    with engine.begin() as connection:
        connection.execute(text("create table extra (id int)"))
        connection.execute(text("insert into item values (8, 'x')"))
    commit_outside("insert into extra values (1)")
    assert ids() == [0, 7, 8]

@pytest.mark.schema(isolation="clone")
def test_again(shared_row):
    assert ids() == [0, 7]
    with engine.connect() as connection, pytest.raises(Exception, match="extra"):
        connection.execute(text("select * from extra"))

def test_transaction(shared_row, integration_session):
    assert ids() == [0, 7]
"""
    )
    project.passes("--schema", passed=3)


def test_each_worker_has_its_own(project: Project) -> None:
    """And nothing of it is left."""
    project.write(
        test_it=PREAMBLE
        + """
import pathlib

@pytest.mark.parametrize("n", range(6))
def test_it(n, paceline_database, integration_session):
    assert paceline_database.url == os.environ["APP_URL"]
    worker = os.environ["PYTEST_XDIST_WORKER"]
    pathlib.Path(f"seen-{worker}").write_text(paceline_database.url)
    integration_session.add(Item(id=1))
    integration_session.commit()
    assert ids() == [0, 1]
"""
    )
    project.passes("--schema", "-p", "xdist", "-n", "2", passed=6)
    seen = {path.read_text() for path in project.root.glob("seen-*")}
    assert len(seen) == 2
    for url in seen:
        folder = next((part for part in url.split("/") if part.startswith("paceline-")), "")
        assert not folder or gone_within(Path("/dev/shm", folder), 10)


def test_two_sessions_of_a_test_share_the_file_with_its_threads(project: Project) -> None:
    """A thread of the application sees what the test has not committed, as on PostgreSQL."""
    project.write(
        test_it=PREAMBLE
        + """
import threading

def test_it(integration_session):
    integration_session.add(Item(id=1))
    integration_session.flush()
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(ids()))
    thread.start()
    thread.join(20)
    assert seen == [0, 1]
"""
    )
    project.passes("--schema", passed=1)


def test_the_file_of_a_url_is_read_and_never_written(tmp_path: Path) -> None:
    """Each run works on a copy, also of a file with a write-ahead log."""
    path = tmp_path / "shop_test.db"
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE kept (id); INSERT INTO kept VALUES (1)")
    connection.commit()
    project = Project(tmp_path, clean_environ(PACELINE_DATABASE_URL="sqlite:///shop_test.db"))
    project.write(
        pyproject='[tool.paceline.suite.schema]\nrequires = ["sqlite"]\n',
        test_it="""
        import pytest
        from sqlalchemy import text

        @pytest.mark.schema(isolation="clone")
        def test_it(integration_session, paceline_database):
            assert integration_session.scalars(text("select id from kept")).all() == [1]
            integration_session.execute(text("delete from kept"))
            integration_session.commit()
            assert not paceline_database.name.startswith("shop")
        """,
    )
    project.passes("--schema", passed=1)
    assert connection.execute("select id from kept").fetchall() == [(1,)]
    connection.close()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Nothing to copy and nothing to prepare is an error that says so."""
    project = Project(tmp_path, clean_environ(PACELINE_DATABASE_URL="sqlite:///shop_test.db"))
    project.write(
        pyproject='[tool.paceline.suite.schema]\nrequires = ["sqlite"]\n',
        test_it="import pytest\n@pytest.mark.schema\ndef test_it(): pass\n",
    )
    result = project.run("--schema")
    assert "shop_test.db, which isn't there" in result.output
    assert not (tmp_path / "shop_test.db").exists()


def test_foreign_keys_of_an_engine_that_is_made_too_late(tmp_path: Path) -> None:
    """SQLite can't begin to check them inside a transaction: an error, not a check that never happens."""
    project = Project(tmp_path, clean_environ())
    project.write(
        pyproject='[tool.paceline.suite.schema]\nrequires = ["sqlite"]\n',
        test_it="""
        import pytest
        from sqlalchemy import create_engine, event, text
        from paceline.errors import SharedTransactionError

        @pytest.mark.schema
        def test_it(integration_session, paceline_database):
            integration_session.execute(text("create table item (id int)"))
            late = create_engine(paceline_database.url)
            event.listen(late, "connect", lambda made, _: made.execute("PRAGMA foreign_keys = ON"))
            with pytest.raises(SharedTransactionError, match="foreign keys.*clone"):
                late.connect()
        """,
    )
    project.passes("--schema", passed=1)


@pytest.fixture(scope="module")
def lent_mariadb() -> Iterator[Place]:
    """A MariaDB that is somebody else's as far as a project can tell."""
    found, user = on_machine("/usr/bin"), identity("mysql")
    assert isinstance(found, Installed)
    assert isinstance(user, Identity)
    server = PrivateServer(MariadbProgram(found), Place.choose(SOCKET), user)
    server.start()
    yield server.place
    server.stop()


@dataclass(frozen=True)
class Shop:
    """A database with one of everything, and its content."""

    place: Place

    def rows(self, database: str, statement: str) -> list[tuple[object, ...]]:
        """Run `statement` in `database`."""
        with mariadb.connected(url_in(self.place, database)) as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


@needs_mariadb
def test_a_copy_has_everything(lent_mariadb: Place) -> None:
    """Rows, keys, generated columns, sequences, views on views, routines and triggers; nothing leads back."""
    shop = Shop(lent_mariadb)
    shop.rows("mysql", "CREATE DATABASE shop_test CHARACTER SET latin1")
    mariadb.run(
        url_in(lent_mariadb, "shop_test"),
        """
        CREATE TABLE item (id int AUTO_INCREMENT PRIMARY KEY, price int, twice int AS (price * 2) STORED);
        CREATE SEQUENCE numbers START WITH 5;
        CREATE TABLE part (id int PRIMARY KEY DEFAULT nextval(numbers), item_id int,
                           FOREIGN KEY (item_id) REFERENCES item (id)); -- a comment; with a semicolon
        INSERT INTO item (price) VALUES (10), (20);
        INSERT INTO part (item_id) VALUES (1);
        CREATE VIEW z_dear AS SELECT id FROM item WHERE price > 10;
        CREATE VIEW a_dearest AS SELECT max(id) AS id FROM z_dear;
        DELIMITER //
        CREATE PROCEDURE add_item(IN p int) BEGIN INSERT INTO item (price) VALUES (p); SELECT 1; END//
        CREATE TRIGGER cheap BEFORE INSERT ON item FOR EACH ROW BEGIN SET NEW.price = NEW.price + 1; END//
        DELIMITER ;
        """,
    )
    mariadb.create(url_in(lent_mariadb, "shop_test"), "copy_test", copy=True)
    shop.rows("copy_test", "INSERT INTO item (price) VALUES (30)")
    shop.rows("copy_test", "CALL add_item(40)")
    shop.rows("copy_test", "INSERT INTO part (item_id) VALUES (4)")
    assert [(1, 20), (2, 40), (3, 62), (4, 82)] == shop.rows("copy_test", "SELECT id, twice FROM item")
    assert [(4,)] == shop.rows("copy_test", "SELECT id FROM a_dearest")
    assert [(2,)] == shop.rows("shop_test", "SELECT count(*) FROM item")
    assert "latin1" in str(shop.rows("mysql", "SHOW CREATE DATABASE copy_test"))
    mariadb.drop(url_in(lent_mariadb, "mysql"), "copy_test")
    mariadb.drop(url_in(lent_mariadb, "mysql"), "shop_test")


LEAKY = """
import pymysql
import pytest
from sqlalchemy import make_url, text

def leak(paceline_database, statement):
    url = make_url(paceline_database.url)
    where, user = url.query["unix_socket"], url.username
    raw = pymysql.connect(unix_socket=where, user=user, database=url.database, ssl_disabled=True)
    raw.cursor().execute(statement)
    raw.commit()
    raw.close()

@pytest.fixture(scope="module")
def more(paceline_database):
    leak(paceline_database, "insert into kept values (2)")

@pytest.mark.schema
def test_leak(integration_session, paceline_database):
    assert paceline_database.name.startswith("shop_test_paceline_")
    assert integration_session.scalars(text("select id from kept")).all() == [1]
    integration_session.rollback()
    leak(paceline_database, "delete from kept")

@pytest.mark.schema
def test_next(integration_session, more):
    assert integration_session.scalars(text("select id from kept")).all() == [1, 2]

@pytest.mark.schema(isolation="clone")
def test_clone(integration_session, more):
    integration_session.execute(text("create table extra (id int)"))
    integration_session.execute(text("delete from kept"))
    integration_session.commit()

@pytest.mark.schema
def test_last(integration_session, more):
    assert integration_session.scalars(text("select id from kept")).all() == [1, 2]
"""


@needs_mariadb
@pytest.mark.parametrize(("user", "told"), [("root", "kept (DELETE)"), ("clerk", "kept (change)")])
def test_a_server_that_runs_already(lent_mariadb: Place, tmp_path: Path, user: str, told: str) -> None:
    """The named database is never written to; a user who may not read the log has leaks found, too."""
    shop = Shop(lent_mariadb)
    shop.rows("mysql", "CREATE DATABASE shop_test")
    shop.rows("shop_test", "CREATE TABLE kept AS SELECT 1 AS id")
    shop.rows("mysql", "CREATE USER IF NOT EXISTS clerk@localhost")
    shop.rows("mysql", "GRANT ALL ON `shop\\_test%`.* TO clerk@localhost")
    url = str(url_in(lent_mariadb, "shop_test").text("mysql+pymysql")).replace("root@", f"{user}@")
    project = Project(tmp_path, clean_environ(PACELINE_DATABASE_URL=url))
    project.write(pyproject='[tool.paceline.suite.schema]\nrequires = ["mariadb"]\n', test_it=LEAKY)
    result = project.run("--schema")
    assert result.outcomes == {"passed": 4, "error": 1}, result.output
    assert told in result.output
    assert [(1,)] == shop.rows("shop_test", "SELECT id FROM kept")
    assert [("shop_test",)] == shop.rows("mysql", "SHOW DATABASES LIKE 'shop%'")
    mariadb.drop(url_in(lent_mariadb, "mysql"), "shop_test")


@needs_mariadb
def test_a_lock_of_a_stranger_is_an_error_and_no_hang(tmp_path: Path) -> None:
    """A row that another connection has locked is waited for, but not for ever."""
    project = project_on("mariadb", tmp_path)
    project.write(
        test_it=PREAMBLE
        + """
from sqlalchemy.exc import DBAPIError

def test_it():
    with closing(connect(make_url(os.environ["APP_URL"]))) as stranger:
        stranger.cursor().execute("update item set note = 'locked'")
        with Session(engine) as session:
            with pytest.raises(DBAPIError, match="Lock wait timeout"):
                session.execute(text("update item set note = 'mine'"))
            session.rollback()
        stranger.rollback()
    assert ids() == [0]
"""
    )
    project.passes("--schema", passed=1)


def test_without_a_mariadb(tmp_path: Path) -> None:
    """The tests are skipped, and told what was looked for and what to install."""
    project = Project(tmp_path, clean_environ(PATH=""))
    project.write(
        pyproject='[tool.paceline.suite.schema]\nrequires = ["mariadb"]\n',
        conftest="""
        from paceline.isolation.databases.mariadb import program
        program._FOLDERS = ()
        """,
        test_it="import pytest\n@pytest.mark.schema\ndef test_it(): pass\n",
    )
    result = project.passes("--schema", "-rs", skipped=1)
    assert "local mariadbd and mariadb-install-db (no mariadbd)" in result.output
    assert "Debian's mariadb-server" in result.output
