"""The project whose tests the isolation benchmark times: one kind of test per way to isolate."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to isolate a test.

    Attributes:
        package: what has to be installed; empty: nothing but Paceline.
        share: a block has this many times fewer tests of it; for the expensive ones.
    """

    name: str
    test: str
    package: str = ""
    share: int = 1


#: Tests of one kind that follow one another, as they do in a real suite.
BLOCK = 10

_BODY = """
    session.execute(text("insert into t0 (name, other, data) values ('x', 'y', '{{}}')"))
    session.commit()
    assert session.scalar(text("select count(*) from t0 where name = 'x'")) == 1
"""

_CHANGING = """@pytest.mark.cloned
def test_{at}(integration_session):
    integration_session.execute(text("update t0 set other = 'y' where id = 1"))
    integration_session.commit()
"""

EMPTY, RECIPE = "empty test", "SQLAlchemy's documented recipe, pooled"
OURS, AUDITED = "paceline, no audit", "paceline with audit"
CREATE_DROP = "CREATE DATABASE + DROP by hand"

WAYS = (
    Way(name=EMPTY, test="def test_{at}():\n    pass\n"),
    Way(name=RECIPE, test="def test_{at}(recipe_session):\n    session = recipe_session" + _BODY),
    Way(
        name=OURS,
        test="@pytest.mark.plain\ndef test_{at}(integration_session):\n    session = integration_session"
        + _BODY,
    ),
    Way(
        name=AUDITED,
        test="@pytest.mark.audited\ndef test_{at}(integration_session):\n    session = integration_session"
        + _BODY,
    ),
    Way(
        name="pytest-sqla, pooled",
        test="def test_{at}(sqla_session):\n    session = sqla_session" + _BODY,
        package="pytest_sqla",
    ),
    Way(
        name="pytest-django django_db",
        test="""@pytest.mark.django_db
def test_{at}():
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("insert into t0 (name, other, data) values ('x', 'y', '{{}}')")
""",
        package="pytest_django",
    ),
    Way(
        name="pytest-postgresql (a clone per test)",
        test="""def test_{at}(postgresql):
    postgresql.execute("insert into t0 (name, other, data) values ('x', 'y', '{{}}')")
    postgresql.commit()
""",
        package="pytest_postgresql",
        share=5,
    ),
    Way(
        name="paceline clone, nothing committed",
        test="@pytest.mark.cloned\ndef test_{at}(integration_session):\n"
        "    assert integration_session.scalar(text('select count(*) from t0')) > 0\n",
    ),
    Way(
        name="paceline clone, rows added",
        test="@pytest.mark.cloned\ndef test_{at}(integration_session):\n    session = integration_session"
        + _BODY,
    ),
    Way(
        name="paceline clone, rows changed, a copy is ready",
        test=f"{_CHANGING}    time.sleep(0.15)\n",
        share=5,
    ),
    Way(
        name="paceline clone, rows changed, faster than copies are made",
        test=_CHANGING,
        share=5,
    ),
    Way(
        name=CREATE_DROP,
        test="def test_{at}(copied_session):\n    session = copied_session" + _BODY,
        share=5,
    ),
)

_CONFIGURATION = """
[tool.paceline]
[tool.paceline.database]
sql = ["schema.sql"]
export = ["BENCH_URL", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE"]
[tool.paceline.suite.audited]
marker = "audited"
flag = ""
requires = ["postgresql"]
isolation = "transaction"
[tool.paceline.suite.plain]
marker = "plain"
flag = ""
isolation = "transaction"
[tool.paceline.suite.cloned]
marker = "cloned"
flag = ""
requires = ["postgresql"]
isolation = "clone"
[tool.pytest.ini_options]
pythonpath = ["."]
"""

_CONFTEST = """
import json
import os
import time

import pytest
from sqlalchemy import create_engine, make_url, pool, text
from sqlalchemy.orm import Session

TIMES = {}
CPU = pytest.StashKey()

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.passed:
        times = TIMES.setdefault(report.nodeid, {})
        times[report.when] = report.duration
        times[report.when + "_cpu"] = item.stash.get(CPU, 0.0)
    return report

def timed(item):
    begun = time.process_time()
    try:
        return (yield)
    finally:
        item.stash[CPU] = time.process_time() - begun

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    return (yield from timed(item))

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    return (yield from timed(item))

def pytest_sessionfinish():
    with open(os.environ["BENCH_OUT"], "w") as file:
        json.dump(TIMES, file)

@pytest.hookimpl(trylast=True, wrapper=True)
def pytest_collection_modifyitems(items):
    yield
    # pytest-django puts its own tests first; here all kinds take turns.
    items.sort(key=lambda item: item.location[1])

@pytest.fixture(scope="session")
def recipe_engine(paceline_database):
    engine = create_engine(paceline_database.url)
    yield engine
    engine.dispose()

@pytest.fixture
def recipe_session(recipe_engine):
    connection = recipe_engine.connect()
    transaction = connection.begin()
    session = Session(bind=connection, join_transaction_mode="create_savepoint")
    yield session
    session.close()
    transaction.rollback()
    connection.close()

@pytest.fixture(scope="session")
def admin(paceline_database):
    url = make_url(paceline_database.url).set(database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()

@pytest.fixture
def copied_session(admin, paceline_database):
    admin.execute(text("create database bench_copy template bench_source strategy file_copy"))
    url = make_url(paceline_database.url).set(database="bench_copy")
    engine = create_engine(url, poolclass=pool.NullPool)
    with Session(engine) as session:
        session.connection()
        yield session
    engine.dispose()
    admin.execute(text("drop database bench_copy"))
"""

_PEERS = {
    "pytest_sqla": """
@pytest.fixture(scope="session")
def sqla_url(paceline_database):
    return paceline_database.url

@pytest.fixture(scope="session")
def sqla_schema():
    pass

@pytest.fixture(scope="session")
def sqla_engine_options():
    return {"poolclass": pool.QueuePool}
""",
    "pytest_django": """
@pytest.fixture(scope="session")
def django_db_modify_db_settings(admin, paceline_database):
    from django.conf import settings
    settings.DATABASES["default"].update(HOST=os.environ["PGHOST"], PORT=os.environ["PGPORT"])

@pytest.fixture(scope="session")
def django_db_keepdb():
    return True
""",
}

_POSTGRESQL = """
from pathlib import Path
from pytest_postgresql import factories
postgresql_noproc = factories.postgresql_noproc(
    host=os.environ["PGHOST"], port=os.environ["PGPORT"], user=os.environ["PGUSER"], dbname="bench_pp",
    load=[Path(__file__).with_name("schema.sql")],
)
@pytest.fixture(scope="session", autouse=True)
def started(paceline_database):
    pass
postgresql = factories.postgresql("postgresql_noproc")
"""

#: The first test: databases for others, made where neither an audit nor a fixture takes notice.
_PREPARATION = """

def test_prepare(admin):
    for name in ("bench_source", "test_bench_django"):
        admin.execute(text(f"create database {name} template paceline_test_template"))
"""

_SETTINGS = """
SECRET_KEY = "bench"
INSTALLED_APPS = []
DATABASES = {
    "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "bench_django", "USER": "postgres"}
}
"""


def available(ways: tuple[Way, ...] = WAYS) -> tuple[Way, ...]:
    """Return those whose package is installed."""
    return tuple(way for way in ways if not way.package or importlib.util.find_spec(way.package))


def schema(tables: int, rows: int = 1000) -> str:
    """Return SQL for tables with three indexes, a foreign key on three of four, and `rows` rows in all."""
    parts: list[str] = []
    for at in range(tables):
        reference = f"references t{at - 1} (id)" if at % 4 else ""
        parts.append(
            f"create table t{at} (id int generated always as identity primary key, name text, other text,"
            f" data jsonb, parent int {reference}); create index on t{at} (name);"
            f" create index on t{at} (other); create index on t{at} (parent);"
            f" insert into t{at} (name, other, data) select 'n' || i, 'o' || i, '{{}}'"
            f" from generate_series(1, {rows // tables}) i;"
        )
    return "\n".join(parts)


def write(folder: Path, ways: tuple[Way, ...], *, tables: int, tests: int) -> dict[int, tuple[int, str]]:
    """Write the project with `tests` tests of each kind; return block and kind of each test by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = {way.package for way in ways}
    options = ["[tool.pytest.ini_options]", 'pythonpath = ["."]']
    if "pytest_sqla" in packages:
        options.append('sqla_schema = "none"')
    if "pytest_django" in packages:
        options.append('DJANGO_SETTINGS_MODULE = "bench_settings"')
    head = _CONFIGURATION.replace('[tool.pytest.ini_options]\npythonpath = ["."]', "\n".join(options))
    (folder / "pyproject.toml").write_text(head)
    (folder / "schema.sql").write_text(schema(tables))
    (folder / "bench_settings.py").write_text(_SETTINGS)
    (folder / "conftest.py").write_text(_CONFTEST + "".join(_PEERS.get(name, "") for name in packages))
    module = "import os\nimport time\nimport pytest\nfrom sqlalchemy import text\n"
    module += _POSTGRESQL if "pytest_postgresql" in packages else ""
    module += _PREPARATION
    kinds: dict[int, tuple[int, str]] = {}
    for block in range(tests // BLOCK):
        for way in ways:
            for _ in range(BLOCK // way.share):
                at = len(kinds)
                kinds[at] = block, way.name
                module += "\n\n" + way.test.format(at=at)
    (folder / "test_bench.py").write_text(module)
    return kinds


def plugins(ways: tuple[Way, ...]) -> list[str]:
    """Return the options with which pytest loads what the kinds need, and nothing else."""
    modules = {
        "pytest_sqla": "pytest_sqla.plugin",
        "pytest_django": "pytest_django.plugin",
        "pytest_postgresql": "pytest_postgresql.plugin",
    }
    names = ["paceline.plugin", *(modules[way.package] for way in ways if way.package)]
    return [part for name in names for part in ("-p", name)]
