"""A database is prepared once; later runs start from it until something that feeds it changes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.isolation import cache, sources
from paceline.isolation.databases.postgresql.program import PostgresqlProgram
from paceline.isolation.provision import Binaries

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project

CONFTEST = "import sys; sys.path.insert(0, '.')\n"

#: Says how often the project's own means were used.
APP = """
import pathlib
from sqlalchemy import create_engine, text

def note(what):
    with pathlib.Path("built").open("a") as file:
        file.write(what + "\\n")

def prepare(url):
    note("prepare")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table item (id int)"))
        connection.execute(text(pathlib.Path("rows.sql").read_text()))
"""

COUNTS = """
import pytest
from sqlalchemy import text

@pytest.mark.schema
@pytest.mark.parametrize("n", range(4))
def test_it(n, integration_session):
    found = integration_session.scalar(text("select count(*) from item"))
    open(f"found-{n}", "w").write(str(found))
    integration_session.execute(text("delete from item"))
    integration_session.commit()
"""


@pytest.fixture
def prepared(project: Project, tmp_path: Path) -> Project:
    """A project with a function that prepares, and a cache of its own."""
    project.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    (project.root / "rows.sql").write_text("insert into item values (1), (2)")
    project.write(conftest=CONFTEST, app=APP, test_counts=COUNTS)
    return project


def configure(project: Project, table: str) -> None:
    """Give the project this `[tool.paceline.database]`."""
    (project.root / "pyproject.toml").write_text(f"[tool.paceline.database]\n{table}\n")


def built(project: Project) -> int:
    """Return how often the project's own means were used so far."""
    noted = project.root / "built"
    return len(noted.read_text().splitlines()) if noted.exists() else 0


def found(project: Project) -> str:
    """Test the project; return how many rows each test found."""
    project.passes("--schema", passed=4)
    (rows,) = {(project.root / f"found-{n}").read_text() for n in range(4)}
    return rows


def test_a_function_whose_inputs_are_named_runs_once_until_one_changes(prepared: Project) -> None:
    """Also its own module is an input; an added file that fits a pattern is one, too."""
    configure(prepared, 'prepare = "app:prepare"\ninputs = ["*.sql"]')
    assert [found(prepared), found(prepared), built(prepared)] == ["2", "2", 1]
    (prepared.root / "rows.sql").write_text("insert into item values (1), (2), (3)")
    assert [found(prepared), built(prepared)] == ["3", 2]
    prepared.write(app=APP + "\n# changed\n")
    assert [found(prepared), built(prepared)] == ["3", 3]
    (prepared.root / "more.sql").write_text("select 1")
    assert [found(prepared), found(prepared), built(prepared)] == ["3", "3", 4]


def test_a_function_whose_inputs_are_unknown_runs_each_time(prepared: Project) -> None:
    """A stale template is worse than a slow start, so only the empty cluster is kept."""
    configure(prepared, 'prepare = "app:prepare"')
    assert found(prepared) == "2"
    (prepared.root / "rows.sql").write_text("insert into item values (1)")
    assert [found(prepared), built(prepared)] == ["1", 2]
    assert len(list((prepared.root / "cache/paceline/clusters").glob("empty-*[0-9a-f]"))) == 1


def test_workers_that_start_at_once_prepare_once(prepared: Project) -> None:
    """One builds, the other waits and starts from the same directory on a server of its own."""
    configure(prepared, 'prepare = "app:prepare"\ninputs = ["*.sql"]')
    prepared.passes("--schema", "-p", "xdist", "-n2", "--dist=load", passed=4)
    assert built(prepared) == 1


def test_sql_files_tables_of_a_metadata_and_seeds(prepared: Project) -> None:
    """They come in this order, and a module that the models import counts as well."""
    prepared.write(
        names='TABLE = "item"\n',
        models="""
        from sqlalchemy import Column, Integer, Table
        from sqlalchemy.orm import DeclarativeBase
        import app, names

        app.note("metadata")

        class Base(DeclarativeBase):
            pass

        Table(names.TABLE, Base.metadata, Column("id", Integer))
        """,
    )
    (prepared.root / "schema.sql").write_text("create type mood as enum ('sad');\ncreate table b (m mood);")
    configure(prepared, 'sql = ["schema.sql"]\nmetadata = "models:Base"\nseeds = ["rows.sql"]')
    assert [found(prepared), found(prepared), built(prepared)] == ["2", "2", 1]
    prepared.write(names='TABLE = "item"  # changed\n')
    assert [found(prepared), built(prepared)] == ["2", 2]


ENV = """
import logging.config
import models_of_migrations
from alembic import context
from sqlalchemy import create_engine

if context.config.config_file_name:
    logging.config.fileConfig(context.config.config_file_name)
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

MIGRATION = """
import app
from alembic import op

revision, down_revision = "{number}", {before}

def upgrade():
    app.note("{number}")
    op.execute("{statement}")
    op.execute(open("sql/view.sql").read())
"""

INI = """
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = src
sqlalchemy.url = postgresql://u:p%40@nowhere/live
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
handlers =
"""


def test_migrations_run_once_until_one_is_added(prepared: Project) -> None:
    """Their env.py gets the tests' database, whatever its file says, and leaves loggers as they were.

    What it imports from where only Alembic looks counts as well, and so does a file that a migration reads.
    """
    versions = prepared.root / "migrations/versions"
    view, model = prepared.root / "sql/view.sql", prepared.root / "src/models_of_migrations.py"
    for folder in (versions, view.parent, model.parent):
        folder.mkdir(parents=True)
    view.write_text("create or replace view seen as select 1 as a")
    model.write_text("N = 1\n")
    (prepared.root / "alembic.ini").write_text(INI)
    (versions.parent / "env.py").write_text(ENV)

    def add(number: int, statement: str) -> None:
        before = repr(str(number - 1)) if number > 1 else None
        text = MIGRATION.format(number=number, before=before, statement=statement)
        (versions / f"{number}.py").write_text(text)

    add(1, "create table item (id int)")
    configure(prepared, 'migrations = "alembic.ini"\nseeds = ["rows.sql"]')
    prepared.write(
        conftest=f"""
        {CONFTEST}
        import logging, pytest
        logger = logging.getLogger("mine")

        @pytest.fixture(autouse=True)
        def heard(caplog, request):
            logger.warning("hello")
            assert "hello" in caplog.text
        """
    )
    assert [found(prepared), found(prepared), built(prepared)] == ["2", "2", 1]
    add(2, "alter table item add column more int default 1")
    assert [found(prepared), built(prepared)] == ["2", 3]
    view.write_text("create or replace view seen as select 2 as a")
    assert [found(prepared), built(prepared)] == ["2", 5]
    model.write_text("N = 2\n")
    assert [found(prepared), built(prepared)] == ["2", 7]


def test_migrations_that_go_elsewhere_are_an_error(prepared: Project) -> None:
    """An env.py that doesn't ask Alembic for the URL is told to."""
    (prepared.root / "migrations/versions").mkdir(parents=True)
    (prepared.root / "alembic.ini").write_text(INI)
    (prepared.root / "migrations/env.py").write_text("")
    configure(prepared, 'migrations = "alembic.ini"')
    result = prepared.run("--schema")
    assert result.outcomes == {"error": 4}, result.output
    assert "created no tables in the tests' database. Let env.py connect to" in result.output


def test_a_damaged_directory_is_replaced(prepared: Project) -> None:
    """One that has lost something at once; where only a start can tell, that run goes on without."""
    configure(prepared, 'prepare = "app:prepare"\ninputs = ["*.sql"]')
    assert found(prepared) == "2"
    (kept,) = (prepared.root / "cache").glob("paceline/clusters/filled-*/cluster")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1])
    assert [found(prepared), built(prepared)] == ["2", 2]
    kept.write_bytes(bytes(len(kept.read_bytes())))
    assert [found(prepared), built(prepared)] == ["2", 3]
    assert [found(prepared), found(prepared), built(prepared)] == ["2", "2", 4]


def test_without_a_private_folder_nothing_is_kept(prepared: Project) -> None:
    """A server won't run from files that others can write."""
    configure(prepared, 'prepare = "app:prepare"\ninputs = ["*.sql"]')
    folder = prepared.root / "cache/paceline/clusters"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert [found(prepared), found(prepared), built(prepared)] == ["2", "2", 2]
    assert list(folder.iterdir()) == []


def test_on_a_server_of_others_each_run_prepares(prepared: Project, lent: Lent) -> None:
    """A database that outlives its run would be in their way."""
    prepared.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    configure(prepared, 'sql = ["schema.sql"]\nseeds = ["rows.sql"]')
    (prepared.root / "schema.sql").write_text("create table item (id int)")
    assert found(prepared) == "2"
    assert lent.databases() == {"shop_test"}


def test_only_the_directories_used_last_are_kept(tmp_path: Path) -> None:
    """One that a run is about to use stays, however old it is; what a killed run was building goes."""

    def build(path: Path) -> tuple[Path, ...]:
        path.mkdir()
        return ()

    for age in range(5):
        with cache.Kept(tmp_path, f"filled-{age}").locked(build) as entry:
            assert entry is not None
        os.utime(entry, (time.time() - age, time.time() - age))
    with cache.Kept(tmp_path, "filled-3").locked(build) as used:
        os.utime(tmp_path / "filled-3", (0, 0))
        (tmp_path / "new-abandoned").mkdir()

        def meanwhile(path: Path) -> tuple[Path, ...]:
            cache.prune(tmp_path, most=2)
            return build(path)

        with cache.Kept(tmp_path, "filled-9").locked(meanwhile) as fresh:
            assert fresh == tmp_path / "filled-9"
    assert used == tmp_path / "filled-3"
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {"filled-0", "filled-1", "filled-3", "filled-9"}


def test_an_extension_that_is_installed_counts(tmp_path: Path) -> None:
    """The programs stay the same, and what CREATE EXTENSION makes may not."""
    programs, extensions = tmp_path / "bin", tmp_path / "share" / "extension"
    for folder in (programs, extensions):
        folder.mkdir(parents=True)
    (programs / "postgres").touch()
    os.utime(extensions, (1, 1))
    program = PostgresqlProgram(Binaries(source="PostgreSQL", folder=programs))
    before = program.made_by
    assert before == program.made_by
    (extensions / "vector.control").touch()
    assert before != program.made_by


def test_imports_are_found_without_importing(tmp_path: Path) -> None:
    """In every spelling that names a module from outside."""
    script = tmp_path / "script.py"
    script.write_text(
        "import a, b.c as d  # e\nfrom f.g import h\nfrom . import i\nfrom .j import k\n"
        "def l():\n    import m\n    from n import (\n        o)\nimportant = 1\n"
    )
    assert sources.imports(script) == {"a", "b", "f", "m", "n"}
