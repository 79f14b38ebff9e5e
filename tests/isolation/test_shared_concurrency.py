"""Threads, tasks, requests and several engines at once: in turn, or a clear error; never a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project, clean_environ
from tests.isolation import shared_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.database import Lent

PREAMBLE = """
import asyncio, threading, time
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session
from app import *
from conftest import outside
from paceline.errors import SharedTransactionError

pytestmark = pytest.mark.schema

def add(session, *numbers):
    for number in numbers:
        session.execute(text("insert into item values (:id, 'x')"), {"id": number})

def ids(target=engine):
    with Session(target) as session:
        return session.scalars(text("select id from item order by id")).all()
"""
LAST = """
def test_last():
    pass
"""


@pytest.fixture
def project(tmp_path: Path, lent: Lent) -> Project:
    """A project with the application, on a server that runs already."""
    made = Project(tmp_path, clean_environ(APP_DRIVER="postgresql+psycopg"))
    made.environ["PACELINE_DATABASE_URL"] = lent.url("shop_test")
    made.write(
        pyproject=shared_project.CONFIGURATION.replace(
            'prepare = "app:prepare"', 'prepare = "app:prepare"\ntransaction_timeout = 0.5'
        ),
        app=shared_project.APPLICATION,
        conftest=shared_project.CONFTEST,
    )
    return made


THREADS = """
def in_thread(work):
    errors = []
    def run():
        try:
            work()
        except Exception as error:
            errors.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors

def test_the_tests_own_transaction_is_nested_over():
    with SessionLocal() as session:
        add(session, 1)
        def work():
            with SessionLocal() as own:
                assert own.get(Item, 1)
                add(own, 2)
                own.commit()
        thread, errors = in_thread(work)
        thread.join(5)
        assert not errors
        session.commit()
    assert ids() == [0, 1, 2]

def test_transactions_of_the_application_wait():
    begun, over = threading.Event(), threading.Event()
    order = []
    def first():
        with SessionLocal() as session:
            add(session, 1)
            begun.set()
            over.wait(5)
            time.sleep(0.05)
            order.append("first")
            session.commit()
    def second():
        begun.wait(5)
        over.set()
        with SessionLocal() as session:
            add(session, 2)
            order.append("second")
            session.commit()
    one, errors = in_thread(first)
    two, more = in_thread(second)
    one.join(5), two.join(5)
    assert (errors, more, order) == ([], [], ["first", "second"])
    assert ids() == [0, 1, 2]

def test_nobody_waits_for_ever():
    begun, over = threading.Event(), threading.Event()
    def holder():
        with SessionLocal() as session:
            add(session, 1)
            begun.set()
            over.wait(10)
            session.commit()
    def waiter():
        begun.wait(5)
        with SessionLocal() as session:
            add(session, 2)
            session.commit()
    one, errors = in_thread(holder)
    two, refused = in_thread(waiter)
    two.join(5)
    assert "waited 0.5 s" in str(refused[0]) and "test_threads.py" in str(refused[0]), refused
    assert 'schema(isolation="clone")' in str(refused[0])
    begun.wait(5)
    with pytest.raises(SharedTransactionError, match="waited"):
        ids()
    over.set()
    one.join(5)
    assert not errors
    assert ids() == [0, 1]

def test_a_session_is_used_by_several_threads_in_turn():
    session = SessionLocal()
    for number in (1, 2, 3):
        thread, errors = in_thread(lambda: add(session, number))
        thread.join(5)
        assert not errors
    session.commit()
    session.close()
    assert ids() == [0, 1, 2, 3]

def test_a_session_that_is_dropped_gives_its_turn_back():
    import gc, warnings
    def forget():
        session = SessionLocal()
        add(session, 1)
        session.connection().detach()
    thread, errors = in_thread(forget)
    thread.join(5)
    gc.collect()
    thread, errors = in_thread(lambda: ids())
    thread.join(5)
    assert not errors

def test_an_error_of_one_does_not_disturb_the_other():
    with SessionLocal() as one, SessionLocal() as two:
        add(one, 1)
        with pytest.raises(IntegrityError):
            add(two, 0)
        add(one, 2)
        two.rollback()
        one.commit()
    assert ids() == [0, 1, 2]
"""


def test_threads(project: Project) -> None:
    """Those of the application wait for each other, up to a limit; they nest over the test's own."""
    project.write(test_threads=PREAMBLE + THREADS + LAST)
    project.passes("--schema", passed=7)


TASKS = """
async_engine = AsyncEngine(engine)
AsyncSessions = async_sessionmaker(async_engine, expire_on_commit=False)

async def ids_async():
    async with AsyncSessions() as session:
        return (await session.scalars(text("select id from item order by id"))).all()

async def write(number, pause=0.0):
    async with AsyncSessions() as session:
        session.add(Item(id=number))
        await session.flush()
        await asyncio.sleep(pause)
        await session.commit()

@pytest.mark.asyncio
@pytest.mark.parametrize("loop", [1, 2])
async def test_eight_tasks(loop):
    await asyncio.gather(*(write(number, 0.002) for number in range(1, 9)))
    assert await ids_async() == list(range(9))

@pytest.mark.asyncio
async def test_the_tests_own_transaction_is_nested_over():
    async with AsyncSessions() as session:
        session.add(Item(id=100))
        await session.flush()
        await asyncio.gather(*(write(number, 0.002) for number in range(1, 9)))
        await session.commit()
    assert await ids_async() == [*range(9), 100]

@pytest.mark.asyncio
async def test_nobody_waits_for_ever():
    holder = asyncio.create_task(write(1, 1.0))
    await asyncio.sleep(0.1)
    with pytest.raises(SharedTransactionError, match="waited 0.5 s.*clone"):
        await write(2)
    await holder
    assert await ids_async() == [0, 1]

@pytest.mark.asyncio
async def test_a_cancelled_task_is_rolled_back():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            async with AsyncSessions() as session:
                session.add(Item(id=1))
                await session.flush()
                await session.execute(text("select pg_sleep(10)"))
    assert await ids_async() == [0]
    await write(2)
    assert await ids_async() == [0, 2]

@pytest.mark.asyncio
async def test_streaming():
    async with async_engine.connect() as connection:
        result = await connection.stream(text("select generate_series(1, 500) as n"))
        assert [row.n async for row in result] == list(range(1, 501))

@pytest.mark.asyncio
async def test_autocommit_and_raw():
    async with async_engine.connect() as connection:
        auto = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await auto.execute(text("insert into item values (1, 'x')"))
    async with async_engine.connect() as connection:
        raw = await connection.get_raw_connection()
        await connection.execute(text("select 1"))
    assert await ids_async() == [0, 1]

def test_loops_in_turn():
    asyncio.run(write(1))
    asyncio.run(write(2))
    assert asyncio.run(ids_async()) == [0, 1, 2]
"""


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg_async"])
def test_tasks(project: Project, driver: str) -> None:
    """Eight tasks keep eight rows; each test has a loop of its own, the connection stays."""
    project.environ["APP_DRIVER"] = f"postgresql+{driver}"
    project.write(
        pyproject='asyncio_default_fixture_loop_scope = "function"\n', test_tasks=PREAMBLE + TASKS + LAST
    )
    project.passes("--schema", "-p", "pytest_asyncio.plugin", passed=9)


SERVICE = """
from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

service = FastAPI()

def request_session():
    with SessionLocal() as session:
        yield session

@service.post("/items/{number}")
def create(number: int, session: Session = Depends(request_session)):
    session.add(Item(id=number))
    session.commit()
    return {"id": number}

@service.get("/items")
def listed(session: Session = Depends(request_session)):
    return session.scalars(text("select id from item order by id")).all()

@pytest.fixture
def client():
    with TestClient(service) as client:
        yield client

def test_request_and_test_see_each_other(client, integration_session):
    integration_session.add(Item(id=1))
    integration_session.commit()
    assert client.post("/items/2").json() == {"id": 2}
    assert client.get("/items").json() == [0, 1, 2]
    assert integration_session.get(Item, 2)

def test_the_test_holds_an_open_transaction_that_wrote(client, integration_session):
    integration_session.add(Item(id=1))
    integration_session.flush()
    client.post("/items/2")
    assert integration_session.scalars(text("select id from item order by id")).all() == [0, 1, 2]
    integration_session.commit()

def test_the_test_only_read_and_rolls_back(client, integration_session):
    assert integration_session.get(Item, 0)
    client.post("/items/2")
    integration_session.rollback()
    assert client.get("/items").json() == [0, 2]

def test_the_test_wrote_and_rolls_back_what_the_request_built_on(client, integration_session):
    integration_session.add(Item(id=1))
    integration_session.flush()
    client.post("/items/2")
    with pytest.raises(SharedTransactionError, match="also undo the work.*clone"):
        integration_session.rollback()
"""


def test_service(project: Project) -> None:
    """A FastAPI application with an engine of its own, called through TestClient, needs no override."""
    project.write(test_service=PREAMBLE + SERVICE + LAST)
    project.passes("--schema", "-W", "default", passed=5)


ENGINES = """
def test_two_drivers_in_one_test(integration_session):
    assert integration_session.get(Item, 0)
    other = create_engine(URL.set(drivername="postgresql+psycopg2"))
    with pytest.raises(SharedTransactionError, match=r"through psycopg2 .*and through psycopg .*bridge=True"):
        with other.connect() as connection:
            connection.execute(text("select 1"))

def test_the_other_driver_alone():
    other = create_engine(URL.set(drivername="postgresql+psycopg2"))
    with other.begin() as connection:
        add(connection, 1)
    assert ids(other) == [0, 1]

def test_another_database_is_left_alone(tmp_path):
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    with other.begin() as connection:
        connection.execute(text("create table x as select 1 as id"))
    with engine.begin() as connection:
        add(connection, 1)
    with other.connect() as connection:
        assert connection.scalar(text("select count(*) from x")) == 1

def test_two_roles(integration_session):
    role = create_engine(URL.set(username="reader_of_tests", password=None))
    with role.connect() as connection:
        assert connection.scalar(text("select current_user")) == "reader_of_tests"
    with pytest.raises(SharedTransactionError, match="as reader_of_tests and as postgres .*clone"):
        integration_session.get(Item, 0)

def test_databases_are_made_and_dropped():
    admin = create_engine(URL, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("create database scratch_test"))
    scratch = create_engine(URL.set(database="scratch_test"))
    with scratch.begin() as connection:
        connection.execute(text("create table x as select 1 as id"))
    scratch.dispose()
    with admin.connect() as connection:
        connection.execute(text("drop database scratch_test"))
    admin.dispose()
    assert outside("select 1 from pg_database where datname = 'scratch_test'") == []

def test_an_engine_that_does_not_say_where_it_points():
    import psycopg
    url = URL.set(drivername="postgresql").render_as_string(hide_password=False)
    hidden = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with hidden.begin() as connection:
        add(connection, 1)
    assert ids() == [0, 1]
    hidden.dispose()

def test_listeners_set_up_the_connection():
    late = create_engine(URL)
    @event.listens_for(late, "connect")
    def setting(connection, record):
        connection.cursor().execute("set application_name = 'mine'")
    with late.connect() as connection:
        assert connection.scalar(text("show application_name")) == "mine"

@pytest.mark.parametrize("time", [1, 2])
def test_listeners_may_commit(integration_session, time, late=create_engine(URL)):
    integration_session.add(Item(id=1))
    integration_session.commit()
    if not event.contains(late, "connect", committing):
        event.listen(late, "connect", committing)
    with late.connect() as connection:
        assert connection.scalar(text("show lock_timeout")) == "9s"
    assert ids(late) == [0, 1]

def committing(connection, record):
    connection.cursor().execute("set lock_timeout = '9s'")
    connection.commit()

def test_a_lost_transaction_is_noticed(integration_session):
    with engine.connect() as connection:
        connection.execute(text("select 1"))
        # What a driver is told behind SQLAlchemy's back.
        connection.connection.channel.real.rollback()
        connection.invalidate()

def test_engines_have_their_own_pools_outside_of_tests():
    engine.dispose()

def test_unmarked():
    pass
"""


def test_engines(project: Project, lent: Lent) -> None:
    """Those that point elsewhere are left alone, one of another driver is an error."""
    lent.ask("postgres", "CREATE ROLE reader_of_tests LOGIN")
    project.write(test_engines=PREAMBLE + ENGINES + LAST)
    try:
        result = project.run("--schema")
    finally:
        lent.ask("postgres", "DROP ROLE reader_of_tests")
    assert result.outcomes == {"passed": 13, "error": 1}, result.output
    assert "ERROR test_engines.py::test_a_lost_transaction_is_noticed" in result.output
    assert "was ended by something else" in result.output
