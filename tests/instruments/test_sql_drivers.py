"""Statements of every driver of PostgreSQL are recorded alike, with and without the shared transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ
from tests.harness.spent import counts, line_of, operations, value

from paceline.store.run_file import read_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.database import Lent

    from paceline.model.run import TestRecord

_APPLICATION = """
import asyncio, os, threading
from sqlalchemy import create_engine, insert, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

DRIVER = os.environ["APP_DRIVER"]
IS_ASYNC = DRIVER in {"asyncpg", "psycopg_async"}
URL = make_url(os.environ["APP_URL"]).set(drivername=f"postgresql+{DRIVER}")

class Base(DeclarativeBase):
    pass

class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]

def prepare(url):
    made = create_engine(url)
    Base.metadata.create_all(made)
    made.dispose()

made = []

def make():
    made.append(create_async_engine(URL) if IS_ASYNC else create_engine(URL))

thread = threading.Thread(target=make)
thread.start()
thread.join()
engine = made[0]

def work(session):
    session.add_all([Item(id=n, note="it's") for n in range(1, 4)])
    session.commit()  # add here
    for n in range(1, 4):
        query = select(Item).where(Item.id == n, Item.note.in_(["it's", "b"]))
        session.scalars(query).all()  # each here

async def work_async(session):
    session.add_all([Item(id=n, note="it's") for n in range(1, 4)])
    await session.commit()  # add async
    for n in range(1, 4):
        query = select(Item).where(Item.id == n, Item.note.in_(["it's", "b"]))
        found = await session.scalars(query)  # each async
        found.all()

def run():
    if IS_ASYNC:
        async def main():
            async with AsyncSession(engine) as session:
                await work_async(session)
            await engine.dispose()
        asyncio.run(main())
    else:
        with Session(engine) as session:
            work(session)
"""
_TESTS = """
import pytest
import app

pytestmark = pytest.mark.schema(isolation="{mode}")

def test_first():
    app.run()

def test_second():
    app.run()
"""
_CONFIGURATION = """
[tool.paceline.database]
export = ["APP_URL"]
prepare = "app:prepare"

[tool.pytest.ini_options]
pythonpath = ["."]
"""
_SELECT = "SELECT item.id, item.note FROM item WHERE item.id = ? AND item.note IN (?)"
_INSERT = "INSERT INTO item (id, note) VALUES (?, ?)"


def _recorded(
    folder: Path, server: Lent, driver: str, mode: str, *arguments: str
) -> tuple[TestRecord, TestRecord]:
    project = Project(folder, clean_environ(APP_DRIVER=driver))
    name = f"instruments_{driver}_test"
    server.ask("postgres", f"CREATE DATABASE {name}")
    project.environ["PACELINE_DATABASE_URL"] = server.url(name)
    project.write(pyproject=_CONFIGURATION, app=_APPLICATION, test_app=_TESTS.format(mode=mode))
    try:
        project.passes("--schema", "--paceline-out=run.jsonl", *arguments, passed=2)
    finally:
        server.ask("postgres", f"DROP DATABASE {name} WITH (FORCE)")
    first, second = sorted(read_run(folder / "run.jsonl").tests, key=lambda test: test.nodeid)
    return first, second


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "psycopg_async"])
@pytest.mark.parametrize("mode", ["transaction", "clone"])
def test_statements_of_a_driver(tmp_path: Path, lent_server: Lent, driver: str, mode: str) -> None:
    """Two tests that do the same have the same operations, at the project's lines, and none is ours."""
    first, second = _recorded(tmp_path, lent_server, driver, mode)
    ending = " async" if driver in {"asyncpg", "psycopg_async"} else " here"
    added, each = (f"app.py:{line_of(_APPLICATION, f'# {what}{ending}')}" for what in ("add", "each"))
    expected = {(_INSERT, added): 1, ("COMMIT", added): 1, (_SELECT, each): 3}
    for test in (first, second):
        found = counts(each for each in operations(test) if each.kind == "sql")
        others = {key for key in found if key[0].startswith(("CONNECT", "ROLLBACK"))}
        assert {key: found[key] for key in found.keys() - others} == expected
        assert value(test, "sql_statements") == 4
        assert value(test, "sql_transactions") == 2
        assert sum(each.rows or 0 for each in operations(test) if each.what == _SELECT) == 3


def test_statements_in_workers(tmp_path: Path, lent_server: Lent) -> None:
    """What a worker records is what a single process does."""
    first, second = _recorded(tmp_path, lent_server, "psycopg", "transaction", "-p", "xdist", "-n", "2")
    assert value(first, "sql_statements") == value(second, "sql_statements") == 4


def test_what_isolation_does_is_not_the_tests(tmp_path: Path, lent_server: Lent) -> None:
    """A test that asks for isolation and sends nothing has no operation of SQL in any phase."""
    project = Project(tmp_path, clean_environ(APP_DRIVER="psycopg"))
    lent_server.ask("postgres", "CREATE DATABASE instruments_idle_test")
    project.environ["PACELINE_DATABASE_URL"] = lent_server.url("instruments_idle_test")
    body = "def test_it(schema_isolation): pass\ndef test_again(schema_isolation): pass\n"
    project.write(pyproject=_CONFIGURATION, app=_APPLICATION)
    (tmp_path / "test_idle.py").write_text(f"import app, pytest\npytestmark = pytest.mark.schema\n{body}")
    try:
        project.passes("--schema", "--paceline-out=run.jsonl", passed=2)
    finally:
        lent_server.ask("postgres", "DROP DATABASE instruments_idle_test WITH (FORCE)")
    for test in read_run(tmp_path / "run.jsonl").tests:
        assert [each for phase in test.phases for each in phase.operations if each.kind == "sql"] == []
        assert [phase.values["sql_transactions"] for phase in test.phases] == [0, 0, 0]
