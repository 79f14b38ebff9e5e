"""Writes the suites that the benchmarks run, of trivial tests and of tests with SQL, and their plugins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TESTS_PER_FILE = 100

_HEAD = """\
import pytest


@pytest.fixture(scope="module")
def settings():
    return {"limit": 3}


@pytest.fixture
def basket(settings):
    return [settings["limit"]]


@pytest.fixture
def opened():
    yield 1

"""

#: Ten tests: plain ones, marked ones, fixtures of both kinds, and a test with three parameters.
_BLOCK = """
def test_plain_{at}():
    assert True


def test_adds_{at}():
    assert 1 + 1 == 2


@pytest.mark.heavy
def test_marked_{at}():
    assert True


@pytest.mark.heavy
def test_marked_with_fixture_{at}(basket):
    assert basket == [3]


def test_fixture_{at}(basket):
    assert len(basket) == 1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_parameter_{at}(n):
    assert n


@pytest.mark.heavy
def test_opened_{at}(opened):
    assert opened


class TestIn{at}:
    def test_method(self):
        assert True

"""

_PYTEST = (
    '[tool.pytest.ini_options]\nmarkers = ["heavy: costs nothing"]\naddopts = ["-p", "no:cacheprovider"]\n'
)
#: A gate that looks at every test and closes before none, so that every configuration runs the same tests.
_TABLE = "\n[tool.paceline.suite.absent]\n"

#: Loaded in every configuration, bare included: says what the run loop alone took in the process itself.
_PROBE = """\
import gc
import os
import time

import pytest

if os.environ.get("BENCH_NO_GC"):
    gc.disable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    start = time.process_time()
    try:
        return (yield)
    finally:
        if not hasattr(session.config, "workerinput"):
            with open(os.environ["BENCH_LOOP"], "w") as file:
                file.write(str(time.process_time() - start))
"""

#: The hooks of a recorder without anything in them: what pytest charges for having one at all.
_EMPTY = """\
import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown():
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    return (yield)


def pytest_runtest_logreport():
    pass
"""


_SHOP = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[int]


def new_engine():
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Item(name=f"item {at}", price=at) for at in range(30)])
        session.commit()
    return engine
"""
_SQL_HEAD = """\
import pytest
from bench_shop import Item, new_engine
from sqlalchemy import select
from sqlalchemy.orm import Session


@pytest.fixture(scope="module")
def engine():
    return new_engine()


@pytest.fixture
def session(engine):
    with Session(engine) as session:
        yield session
        session.rollback()

"""
#: Fifty statements: 25 objects by their key, 20 lists, 5 rows inserted.
_SQL_TEST = """
def test_sql_{at}(session):
    for number in range(1, 26):
        assert session.get(Item, number).id == number
    for number in range(20):
        assert session.scalars(select(Item.name).where(Item.price > number).limit(3)).all()
    for number in range(5):
        session.add(Item(name="new", price=number))
        session.flush()

"""
_SQL_TESTS_PER_FILE = 20
STATEMENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """The same suite in a project without `[tool.paceline]` and in one with it.

    Attributes:
        statements: of SQL, in each test.
        plugins: folder of the modules that are loaded with `-p`.
    """

    tests: int
    statements: int
    plain: Path
    table: Path
    plugins: Path


def write_projects(folder: Path, tests: int, *, statements: int = 0) -> Projects:
    """Write both projects with `tests` tests each into `folder`.

    Args:
        statements: 0 for trivial tests, or `STATEMENTS`.

    Raises:
        ValueError: `tests` don't fill whole files.
    """
    per_file = _SQL_TESTS_PER_FILE if statements else _TESTS_PER_FILE
    if tests < per_file or tests % per_file:
        raise ValueError(f"{tests} tests don't fill files of {per_file}")
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    for name, source in (("probe", _PROBE), ("empty", _EMPTY), ("nothing", ""), ("shop", _SHOP)):
        (plugins / f"bench_{name}.py").write_text(source)
    module = (
        _SQL_HEAD + "".join(_SQL_TEST.format(at=at) for at in range(per_file))
        if statements
        else _HEAD + "".join(_BLOCK.format(at=at) for at in range(per_file // 10))
    )
    roots: list[Path] = []
    for name, extra in (("plain", ""), ("table", _TABLE)):
        root = folder / f"{name}-{'sql-' if statements else ''}{tests}"
        (root / "tests").mkdir(parents=True, exist_ok=True)
        (root / "pyproject.toml").write_text(_PYTEST + extra)
        for at in range(tests // per_file):
            (root / "tests" / f"test_{at:03}.py").write_text(module)
        roots.append(root)
    return Projects(tests=tests, statements=statements, plain=roots[0], table=roots[1], plugins=plugins)
