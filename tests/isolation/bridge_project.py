"""An application with an asyncio engine of its own, and tests that use the database by other drivers too."""

from __future__ import annotations

#: Made at import time, by code that knows nothing of tests.
APPLICATION = """
import datetime, decimal, os, uuid

from fastapi import FastAPI, HTTPException
from pgvector.sqlalchemy import Vector
from sqlalchemy import ARRAY, JSON, ForeignKey, Numeric, String, create_engine, func, make_url, select, text
from sqlalchemy.dialects.postgresql import INT4RANGE, JSONB, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = make_url(os.environ["APP_URL"])
DRIVER = os.environ["APP_DRIVER"]
engine = create_async_engine(URL.set(drivername=f"postgresql+{DRIVER}"))
Sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(default="")


class Part(Base):
    __tablename__ = "part"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", deferrable=True, initially="DEFERRED"))


class Thing(Base):
    __tablename__ = "thing"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[uuid.UUID] = mapped_column(server_default=func.gen_random_uuid())
    plain: Mapped[dict] = mapped_column(JSON)
    document: Mapped[dict] = mapped_column(JSONB)
    at: Mapped[datetime.datetime]
    on: Mapped[datetime.date]
    lasts: Mapped[datetime.timedelta]
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 3))
    ratio: Mapped[float]
    content: Mapped[bytes]
    tags: Mapped[list[str]] = mapped_column(ARRAY(String))
    span: Mapped[Range[int]] = mapped_column(INT4RANGE)
    vector: Mapped[list[float]] = mapped_column(Vector(3))


def prepare(url):
    made = create_engine(url)
    Base.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(text("insert into item values (0, 'seed')"))
    made.dispose()


@app.post("/items/{number}", status_code=201)
async def create(number: int):
    async with Sessions() as session:
        session.add(Item(id=number))
        try:
            await session.commit()
        except IntegrityError:
            await session.rollback()
            raise HTTPException(409) from None


@app.get("/items")
async def listed() -> list[int]:
    async with Sessions() as session:
        return list(await session.scalars(select(Item.id).order_by(Item.id)))


@app.get("/streamed")
async def streamed() -> list[int]:
    async with engine.connect() as connection:
        result = await connection.stream(text("select generate_series(1, 500) as n"))
        return [row.n async for row in result]


@app.post("/fail/{number}")
async def fail(number: int):
    async with Sessions() as session:
        session.add(Item(id=number))
        await session.flush()
        await session.rollback()
"""

CONFTEST = """
import os

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from fastapi.testclient import TestClient

def outside(query):
    with psycopg.connect(os.environ["APP_URL"].replace("+psycopg", "")) as connection:
        return connection.execute(query).fetchall()

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    try:
        return (yield)
    finally:
        if nextitem is not None:
            assert outside("select id from item") == [(0,)]
            assert outside("select count(*) from part") == [(0,)]
            assert outside("select count(*) from thing") == [(0,)]

@pytest.fixture(scope="session")
def integration_engine(paceline_database):
    url = paceline_database.url.replace("psycopg", os.environ["TEST_DRIVER"])
    engine = create_engine(url)
    yield engine
    engine.dispose()

@pytest.fixture
def session(integration_session):
    return integration_session

@pytest.fixture
def client():
    from app import app
    with TestClient(app) as client:
        yield client
"""

CONFIGURATION = """
[tool.paceline.database]
export = ["APP_URL"]
prepare = "app:prepare"
transaction_timeout = 2.0
[tool.paceline.suite.schema]
requires = ["pgvector", "postgresql"]
[tool.pytest.ini_options]
pythonpath = ["."]
asyncio_default_fixture_loop_scope = "function"
"""

SCENARIOS = """
import asyncio, datetime, decimal, uuid

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app import *
from conftest import outside
from paceline.errors import SharedTransactionError

pytestmark = pytest.mark.schema(bridge=True)


def ids(session):
    return session.scalars(select(Item.id).order_by(Item.id)).all()


@pytest_asyncio.fixture
async def web():
    async with AsyncClient(transport=ASGITransport(app), base_url="http://app") as client:
        yield client


@pytest.mark.parametrize("time", [1, 2])
def test_application_and_test_see_each_other(session, client, time):
    session.add(Item(id=1))
    session.commit()
    assert client.post("/items/2").status_code == 201
    assert client.get("/items").json() == [0, 1, 2]
    assert ids(session) == [0, 1, 2]
    assert outside("select id from item") == [(0,)]


def test_the_application_is_first(session, client):
    assert client.post("/items/2").status_code == 201
    assert ids(session) == [0, 2]


def test_an_error_then_on(session, client):
    session.add(Item(id=1))
    session.commit()
    assert client.post("/items/1").status_code == 409
    assert client.post("/items/2").status_code == 201
    with pytest.raises(IntegrityError):
        session.execute(insert(Item).values(id=2, note=""))
    assert client.get("/items").json() == [0, 1, 2]
    with pytest.raises(DBAPIError, match="current transaction is aborted"):
        session.execute(text("select 1"))
    session.rollback()
    assert client.post("/items/3").status_code == 201
    assert ids(session) == [0, 1, 2, 3]


def test_the_other_driver_comes_after_an_error(session):
    with pytest.raises(IntegrityError):
        session.execute(insert(Item).values(id=0, note=""))
    async def add():
        async with Sessions.begin() as own:
            own.add(Item(id=5))
    asyncio.run(add())
    session.rollback()
    assert ids(session) == [0, 5]


def test_rollbacks_undo_only_their_own(session, client):
    client.post("/items/1")
    session.add(Item(id=2))
    session.flush()
    session.rollback()
    client.post("/fail/3")
    assert ids(session) == client.get("/items").json() == [0, 1]


def test_the_test_holds_an_open_transaction_that_wrote(session, client):
    session.add(Item(id=1))
    session.flush()
    assert client.post("/items/2").status_code == 201
    assert ids(session) == [0, 1, 2]
    session.commit()


def test_the_test_rolls_back_what_the_application_built_on(session, client):
    session.add(Item(id=1))
    session.flush()
    client.post("/items/2")
    with pytest.raises(SharedTransactionError, match="also undo the work.*clone"):
        session.rollback()


def test_deferred_constraints_at_commit(session):
    async def orphan():
        async with Sessions() as own:
            own.add(Part(id=1, item_id=99))
            with pytest.raises(IntegrityError):
                await own.commit()
    asyncio.run(orphan())
    session.add(Part(id=1, item_id=99))
    with pytest.raises(IntegrityError):
        session.commit()
    session.rollback()


THING = dict(
    plain={"a": [1, None]}, document={"b": "ä"}, at=datetime.datetime(2024, 2, 29, 12, 30),
    on=datetime.date(2024, 2, 29), lasts=datetime.timedelta(hours=3), price=decimal.Decimal("12.345"),
    ratio=0.1, content=bytes(range(256)), tags=["x", "y,z"], span=Range(1, 5),
)


def check(thing):
    for name, value in THING.items():
        assert getattr(thing, name) == value, name
    assert isinstance(thing.key, uuid.UUID)
    assert list(thing.vector) == [1.0, 2.0, 3.0]


def test_types_pass_both_ways(session):
    there, back = Thing(id=1, vector=[1, 2, 3], **THING), Thing(vector=[1, 2, 3], **THING)
    session.add(there)
    session.commit()
    async def other():
        async with Sessions() as own:
            check((await own.scalars(select(Thing))).one())
            own.add(back)
            await own.commit()
            await own.refresh(back)
            check(back)
            distance = await own.scalar(select(Thing.vector.l2_distance([1, 2, 4])).limit(1))
            assert distance == 1
    with pytest.raises(IntegrityError):
        # The identity counts from 1, which is taken: as on connections of their own.
        asyncio.run(other())
    asyncio.run(other())
    session.expire_all()
    assert len(things := session.scalars(select(Thing)).all()) == 2
    for thing in things:
        check(thing)


def test_each_driver_keeps_its_own_strictness(session):
    assert session.scalar(text("select :n + 1"), {"n": 1}) == 2
    async def strict():
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="expected str, got int"):
                await connection.execute(text("select cast(:n as text)"), {"n": 1})
    if DRIVER == "asyncpg":
        asyncio.run(strict())


def test_many_rows(session, client):
    session.execute(insert(Item), [{"id": number, "note": "x"} for number in range(1, 300)])
    session.commit()
    async def more():
        async with Sessions() as own:
            await own.execute(insert(Item), [{"id": number, "note": "x"} for number in range(300, 600)])
            rows = await own.execute(insert(Item).returning(Item.id), [{"id": n} for n in range(600, 700)])
            assert len(rows.all()) == 100
            await own.commit()
    asyncio.run(more())
    assert len(ids(session)) == len(client.get("/items").json()) == 700
    long = "x" * 3_000_000
    session.execute(text("update item set note = :long where id = 0"), {"long": long})
    session.commit()
    async def read():
        async with Sessions() as own:
            assert (await own.get(Item, 0)).note == long
    asyncio.run(read())


def test_streams(session, client):
    assert client.get("/streamed").json() == list(range(1, 501))
    streamed = session.connection().execution_options(stream_results=True, max_row_buffer=10)
    rows = streamed.execute(text("select generate_series(1, 300) as n"))
    assert next(rows).n == 1
    assert client.get("/streamed").json() == list(range(1, 501))
    assert [row.n for row in rows] == list(range(2, 301))


def test_statements_are_prepared_for_each_driver(session, client):
    for number in range(1, 20):
        assert client.post(f"/items/{number}").status_code == 201
        assert session.get(Item, number)
        session.rollback()
    assert client.get("/items").json() == ids(session) == list(range(20))


@pytest.mark.asyncio
async def test_eight_requests_at_once(session, web):
    session.add(Item(id=100))
    session.commit()
    answers = await asyncio.gather(*(web.post(f"/items/{number}") for number in range(1, 9)))
    assert {answer.status_code for answer in answers} == {201}
    assert ids(session) == (await web.get("/items")).json() == [*range(9), 100]


@pytest.mark.asyncio
async def test_sync_code_in_a_task_of_the_application(session):
    other = Session(session.get_bind())
    async def task():
        async with Sessions() as own:
            own.add(Item(id=1))
            await own.flush()
            other.add(Item(id=2))
            other.commit()
            await own.commit()
    await asyncio.create_task(task())
    other.close()
    assert ids(session) == [0, 1, 2]


@pytest.mark.asyncio
async def test_a_cancelled_statement(session, web):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            async with engine.connect() as connection:
                await connection.execute(text("select pg_sleep(10)"))
    assert (await web.post("/items/1")).status_code == 201
    assert ids(session) == [0, 1]


def test_schema_changes(session, client):
    client.get("/items")
    session.execute(text("create table extra (id int)"))
    session.commit()
    async def fill():
        async with engine.begin() as connection:
            await connection.execute(text("insert into extra values (1)"))
            await connection.execute(text("alter table item add column more int"))
    asyncio.run(fill())
    assert session.scalar(text("select count(*) from extra")) == 1
    session.rollback()
    assert client.get("/items").json() == [0]


def test_settings_of_a_login_hold_in_every_test(session):
    from sqlalchemy.ext.asyncio import create_async_engine
    assert session.scalar(text("select 1")) == 1
    late = create_async_engine(engine.url)
    async def shown():
        async with late.connect() as connection:
            return (await connection.scalar(text("select current_database()")))
    assert asyncio.run(shown()) == URL.database


@pytest.mark.schema(bridge=False)
def test_without_a_bridge_two_drivers_are_refused(session, client):
    session.get(Item, 0)
    with pytest.raises(SharedTransactionError, match=r"through .* and through .*bridge=True"):
        client.get("/items")


def test_last(session):
    assert ids(session) == [0]
"""

ENGINES = """
import asyncio

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app import *
from paceline.errors import SharedTransactionError

pytestmark = pytest.mark.schema


def new(driver, **options):
    url = URL.set(drivername=f"postgresql+{driver}")
    if driver in ("asyncpg", "psycopg_async"):
        return create_async_engine(url, **options)
    return create_engine(url, **options)


def add(made, number):
    statement = insert(Item).values(id=number, note="")
    async def asynchronous():
        async with made.begin() as connection:
            await connection.execute(statement)
    if isinstance(made, AsyncEngine):
        asyncio.run(asynchronous())
    else:
        with made.begin() as connection:
            connection.execute(statement)


def test_an_engine_that_connects_by_itself_is_refused(session):
    import psycopg2
    session.get(Item, 0)
    url = URL.set(drivername="postgresql").render_as_string(hide_password=False)
    hidden = create_engine(URL.set(drivername="postgresql+psycopg2"), creator=lambda: psycopg2.connect(url))
    with pytest.raises(SharedTransactionError, match="psycopg2 .*by a function of its own.*clone"):
        hidden.connect()


def test_what_a_login_sets_holds_in_this_test(session):
    assert session.scalar(text("show statement_timeout")) == "0"
    options = {"options": "-c statement_timeout=7s"}
    with new("psycopg2", connect_args=options).connect() as connection:
        assert connection.scalar(text("show statement_timeout")) == "7s"


def test_and_in_the_next(session):
    assert session.scalar(text("show statement_timeout")) == "7s"


@pytest.mark.parametrize("time", [1, 2])
def test_all_drivers_at_once(session, time):
    for number, driver in enumerate(("psycopg", "psycopg2", "asyncpg", "psycopg_async"), 1):
        made = new(driver)
        add(made, number)
        add(made, number + 10)
    assert session.scalar(text("select count(*) from item")) == 9


@pytest.mark.parametrize("time", [1, 2])
def test_listeners_set_up_their_drivers_connection(session, time, made=[]):
    assert session.scalar(text("select 1")) == 1
    if not made:
        late = new("asyncpg")
        made.append(late)

        @event.listens_for(late.sync_engine, "connect")
        def prepare(connection, _):
            cursor = connection.cursor()
            cursor.execute("set lock_timeout = '9s'")
            cursor.close()

    async def shown():
        async with made[0].connect() as connection:
            return await connection.scalar(text("show lock_timeout"))

    assert asyncio.run(shown()) == "9s"


def test_two_roles(session):
    role = create_async_engine(engine.url.set(username="reader_of_tests", password=None))
    session.get(Item, 0)
    async def read():
        async with role.connect() as connection:
            return await connection.scalar(text("select current_user"))
    with pytest.raises(SharedTransactionError, match="as postgres and as reader_of_tests .*clone"):
        asyncio.run(read())


def test_another_role_alone():
    role = create_async_engine(engine.url.set(username="reader_of_tests", password=None))
    async def read():
        async with role.connect() as connection:
            return await connection.scalar(text("select current_user"))
    assert asyncio.run(read()) == "reader_of_tests"


def test_a_session_that_is_lost_is_an_error_and_no_hang(session):
    import psycopg
    pid = session.scalar(text("select pg_backend_pid()"))
    made = new("asyncpg")
    async def read():
        async with made.connect() as connection:
            return await connection.scalar(text("select 1"))
    assert asyncio.run(read()) == 1
    url = URL.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [pid])
    with pytest.raises((DBAPIError, SharedTransactionError)):
        asyncio.run(read())
    with pytest.raises((DBAPIError, SharedTransactionError)):
        session.scalar(text("select 1"))
    session.invalidate()


def test_after_which_there_is_another(session):
    assert session.scalar(text("select count(*) from item")) == 1


def test_the_socket_is_nobody_elses(session):
    import os, stat
    session.get(Item, 0)
    folder = session.connection().connection.dbapi_connection.channel.outer.junction.folder
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_last(session):
    assert session.scalar(text("select count(*) from item")) == 1
"""
