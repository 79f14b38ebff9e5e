"""What a test in a transaction sees, and that the database is afterwards what it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project


@pytest.fixture
def project(project: Project, lent: Lent) -> Project:
    """A project with a server that runs already: how one is started is not the question here."""
    project.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    return project


CONFTEST = """
import psycopg
import pytest
from sqlalchemy import text

SETUPS = []

def pytest_fixture_setup(fixturedef, request):
    SETUPS.append((fixturedef.argname, request.node.name))

@pytest.fixture(scope="session")
def tables(integration_engine):
    with integration_engine.begin() as connection:
        connection.execute(text("create table item (id int primary key, note text)"))
        connection.execute(text("insert into item values (0, 'seed')"))

@pytest.fixture
def outside(tables, paceline_database):
    # A connection that isn't SQLAlchemy's: it sees only what is committed for good.
    def rows():
        with psycopg.connect(paceline_database.url.replace("+psycopg", "")) as connection:
            return connection.execute("select id, note from item order by id").fetchall()
    return rows
"""

BEHAVIOUR = """
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

pytestmark = pytest.mark.schema

def add(session, number, note="x"):
    session.execute(text("insert into item values (:id, :note)"), {"id": number, "note": note})

def ids(session):
    return session.scalars(text("select id from item order by id")).all()

@pytest.fixture(autouse=True)
def as_before(outside):
    assert outside() == [(0, "seed")]
    yield
    assert outside() == [(0, "seed")]

def test_commit(integration_session):
    add(integration_session, 1)
    integration_session.commit()
    integration_session.rollback()
    assert ids(integration_session) == [0, 1]

def test_rollback_undoes_only_what_was_not_committed(integration_session):
    add(integration_session, 1)
    integration_session.commit()
    add(integration_session, 2)
    integration_session.rollback()
    assert ids(integration_session) == [0, 1]

def test_integrity_error_then_continue(integration_session):
    add(integration_session, 1)
    integration_session.commit()
    with pytest.raises(IntegrityError):
        add(integration_session, 1)
    integration_session.rollback()
    add(integration_session, 2)
    integration_session.commit()
    assert ids(integration_session) == [0, 1, 2]

def test_nested(integration_session):
    add(integration_session, 1)
    with pytest.raises(IntegrityError), integration_session.begin_nested():
        add(integration_session, 1)
    with integration_session.begin_nested() as inner:
        add(integration_session, 2)
        inner.rollback()
    with integration_session.begin_nested():
        add(integration_session, 3)
    integration_session.commit()
    assert ids(integration_session) == [0, 1, 3]

def test_close_and_go_on(integration_session):
    add(integration_session, 1)
    integration_session.commit()
    add(integration_session, 2)
    integration_session.close()
    assert ids(integration_session) == [0, 1]

def test_the_connection_and_the_session_share_a_transaction(schema_isolation, integration_session):
    add(integration_session, 1)
    integration_session.flush()
    assert schema_isolation.scalar(text("select count(*) from item")) == 2
    with schema_isolation.begin_nested():
        schema_isolation.execute(text("delete from item"))
    assert ids(integration_session) == []

def test_schema_changes(integration_session):
    integration_session.execute(text("create table extra (id int)"))
    integration_session.commit()

def test_schema_changes_are_gone(integration_session):
    assert integration_session.scalar(text("select to_regclass('extra')")) is None

def test_a_broken_transaction(integration_session):
    with pytest.raises(IntegrityError):
        add(integration_session, 0)
"""


def test_a_session_behaves_as_in_production_and_leaves_nothing(project: Project) -> None:
    """Commit, rollback, an error then more work, nested savepoints, DDL: the next test starts afresh."""
    project.write(conftest=CONFTEST, test_behaviour=BEHAVIOUR)
    project.passes("--schema", passed=9)


def test_each_schema_test_is_set_up_once_and_no_other(project: Project) -> None:
    """As many set-ups as marked tests: also for parametrized ones, classes, and TestCase (F1)."""
    project.write(
        conftest=CONFTEST,
        test_many="""
        import unittest
        import pytest

        @pytest.mark.parametrize("n", [0, pytest.param(1, marks=pytest.mark.schema), 2,
                                       pytest.param(3, marks=pytest.mark.schema)])
        def test_siblings(n, request):
            assert ("schema_isolation" in request.fixturenames) == (n in (1, 3))

        @pytest.mark.schema
        def test_plain():
            pass

        @pytest.mark.schema
        def test_that_asks_for_it(integration_session):
            pass

        @pytest.mark.schema
        class TestClass:
            @pytest.mark.parametrize("n", [1, 2])
            def test_method(self, n):
                pass

        @pytest.mark.schema
        class TestCase(unittest.TestCase):
            def test_method(self):
                pass

        def test_unmarked():
            pass

        def test_count():
            from conftest import SETUPS
            names = [node for name, node in SETUPS if name == "schema_isolation"]
            assert names == ["test_siblings[1]", "test_siblings[3]", "test_plain", "test_that_asks_for_it",
                             "test_method[1]", "test_method[2]", "test_method"]
            assert [name for name, _ in SETUPS].count("paceline_database") == 1
        """,
    )
    project.passes("--schema", passed=11)


def test_isolation_comes_after_wider_fixtures_and_before_all_others(project: Project) -> None:
    """Session, module and class fixtures write for good; autouse and requested ones are rolled back."""
    project.write(
        conftest=CONFTEST,
        test_order="""
        import pytest
        from sqlalchemy import text

        @pytest.fixture(scope="module", autouse=True)
        def shared(tables, integration_engine):
            with integration_engine.begin() as connection:
                connection.execute(text("insert into item values (10, 'module')"))

        @pytest.fixture(autouse=True)
        def first():
            pass

        @pytest.fixture
        def row(schema_isolation):
            schema_isolation.execute(text("insert into item values (11, 'function')"))

        @pytest.mark.schema
        @pytest.mark.parametrize("n", [1, 2])
        def test_order(n, row, integration_session, outside, request):
            from conftest import SETUPS
            mine = [name for name, node in SETUPS if node == request.node.name]
            assert mine[:2] == ["paceline_audit", "schema_isolation"], mine
            assert [id for id, _ in outside()] == [0, 10]
            assert integration_session.scalar(text("select count(*) from item")) == 3

        @pytest.mark.schema
        @pytest.mark.parametrize("late", [1, 2], scope="module")
        def test_wide_parameter(row, late, request):
            from conftest import SETUPS
            mine = [name for name, node in SETUPS if node == request.node.name]
            assert mine[:2] == ["paceline_audit", "schema_isolation"], mine

        @pytest.mark.schema
        class TestClass:
            @pytest.fixture(scope="class", autouse=True)
            def wide(self, integration_engine):
                with integration_engine.begin() as connection:
                    connection.execute(text("delete from item where id = 10"))

            def test_class(self, outside):
                from conftest import SETUPS
                names = [name for name, _ in SETUPS]
                assert names.index("wide") < len(names) - names[::-1].index("schema_isolation")
                assert [id for id, _ in outside()] == [0]
        """,
    )
    project.passes("--schema", passed=5)


def test_a_mark_that_a_conftest_adds_counts(project: Project) -> None:
    """Projects mark whole folders in `pytest_collection_modifyitems`."""
    project.write(
        conftest="""
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker("schema")
        """,
        test_marked="""
        def test_marked(request):
            assert "schema_isolation" in request.fixturenames
            assert request.getfixturevalue("schema_isolation").in_transaction()
        """,
    )
    project.passes("--schema", passed=1)


def test_a_commit_of_the_connection_itself_stays_inside(project: Project) -> None:
    """It behaves like one of a connection of the application."""
    project.write(
        conftest=CONFTEST,
        test_commit="""
        import pytest
        from sqlalchemy import text

        @pytest.mark.schema
        def test_commit(tables, schema_isolation, integration_session):
            schema_isolation.execute(text("insert into item values (1, 'x')"))
            schema_isolation.commit()
            schema_isolation.rollback()
            assert integration_session.scalar(text("select count(*) from item")) == 2

        def test_afterwards(outside):
            assert outside() == [(0, "seed")]
        """,
    )
    project.passes("--schema", passed=2)


def test_a_commit_is_refused_where_no_transaction_can_be_shared(project: Project) -> None:
    """It would end the isolation, so nothing is sent and the test hears what to use instead."""
    project.write(
        conftest=CONFTEST,
        test_commit="""
        import pytest
        from sqlalchemy import create_engine, make_url, text
        from sqlalchemy.dialects import registry
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
        from paceline.errors import IsolationError

        class Dialect(PGDialect_psycopg):
            driver = "unknown"
            supports_statement_cache = True

        registry.register("postgresql.unknown", __name__, "Dialect")

        @pytest.fixture(scope="session")
        def integration_engine(paceline_database):
            engine = create_engine(make_url(paceline_database.url).set(drivername="postgresql+unknown"))
            yield engine
            engine.dispose()

        @pytest.mark.schema
        def test_commit(tables, schema_isolation):
            schema_isolation.execute(text("insert into item values (1, 'x')"))
            with pytest.raises(IsolationError, match="integration_session"):
                schema_isolation.commit()
            schema_isolation.close()

        def test_afterwards(outside):
            assert outside() == [(0, "seed")]
        """,
    )
    project.passes("--schema", passed=2)


def test_async_tests_take_part(project: Project) -> None:
    """pytest-asyncio's items are isolated like others, in every order of fixtures."""
    project.write(
        pyproject="""
        [tool.pytest.ini_options]
        asyncio_default_fixture_loop_scope = "function"
        """,
        conftest=CONFTEST,
        test_async="""
        import pytest
        from sqlalchemy import text

        pytestmark = [pytest.mark.schema, pytest.mark.asyncio]

        @pytest.mark.parametrize("n", [1, 2])
        async def test_async(n, tables, integration_session, request):
            assert "schema_isolation" in request.fixturenames
            integration_session.execute(text("insert into item values (5, 'x')"))
            integration_session.commit()

        async def test_async_without_asking(outside, request):
            assert "schema_isolation" in request.fixturenames
            assert outside() == [(0, "seed")]
        """,
    )
    project.passes("--schema", "-p", "pytest_asyncio.plugin", passed=3)


def test_a_doctest_is_left_alone(project: Project) -> None:
    """It has no fixtures to add to, and runs as before."""
    project.write(
        test_documented='''
        """
        >>> 1 + 1
        2
        """
        import pytest

        pytestmark = pytest.mark.schema
        '''
    )
    project.passes("--schema", "--doctest-modules", passed=1)


def test_a_project_may_bring_its_own_engine(project: Project) -> None:
    """With `integration_engine` overridden and nothing required, no server is looked for.

    Its database has to be one for tests all the same.
    """
    project.write(
        pyproject="""
        [tool.paceline.suite.schema]
        requires = []
        """,
        conftest="""
        import pytest, sqlalchemy

        @pytest.fixture(scope="session")
        def integration_engine():
            return sqlalchemy.create_engine("sqlite://")
        """,
        test_own="""
        import pytest

        @pytest.mark.schema
        def test_own(integration_session, request):
            assert integration_session.get_bind().dialect.name == "sqlite"
            assert "paceline_database" not in request.fixturenames
        """,
        test_live="""
        import pytest, sqlalchemy

        @pytest.fixture(scope="module")
        def integration_engine():
            return sqlalchemy.create_engine("postgresql+psycopg://u:s3cr3t@127.0.0.1:1/shop")

        @pytest.mark.schema
        @pytest.mark.parametrize("mode", [
            pytest.param(mode, marks=pytest.mark.schema(isolation=mode)) for mode in ("transaction", "none")
        ])
        def test_live(mode, integration_session):
            pass
        """,
    )
    result = project.passes("--schema", passed=1, error=2)
    told = "integration_engine names the database 'shop', which doesn't look like one for tests"
    assert result.output.count(f"{told} (postgresql://u:***@127.0.0.1:1/shop)") >= 2
    assert "s3cr3t" not in result.output
