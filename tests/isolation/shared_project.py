"""The application whose engines share a transaction, and the scenarios that are run with every driver.

The text of a project's files: its tests run in a pytest of their own, once for each driver.
"""

from __future__ import annotations

#: Made at import time, by code that knows nothing of tests.
APPLICATION = """
import asyncio
import functools
import os

from sqlalchemy import ForeignKey, create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

DRIVER = os.environ["APP_DRIVER"]
IS_ASYNC = DRIVER in {"asyncpg", "psycopg_async"}
URL = make_url(os.environ["APP_URL"]).set(drivername=f"postgresql+{DRIVER}")


def new_engine(**options):
    if IS_ASYNC:
        return create_async_engine(URL, **options).sync_engine
    return create_engine(URL, **options)


engine = new_engine()
SessionLocal = sessionmaker(engine)
scoped = scoped_session(SessionLocal)


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


def prepare(url):
    made = create_engine(url)
    Base.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(text("insert into item values (0, 'seed')"))
    made.dispose()
"""

CONFTEST = """
import os

import psycopg
import pytest

def outside(query):
    url = os.environ["APP_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    try:
        return (yield)
    finally:
        if nextitem is None:
            return  # the server is gone by now
        # Every fixture of the test has been torn down: what is there now has leaked.
        assert outside("select id, note from item") == [(0, "seed")]
        assert outside("select id from part") == []
        assert outside("select to_regclass('extra')") == [(None,)]
"""

CONFIGURATION = """
[tool.paceline.database]
export = ["APP_URL"]
prepare = "app:prepare"
[tool.pytest.ini_options]
pythonpath = ["."]
filterwarnings = ["error"]
"""

SCENARIOS = '''
import asyncio
import functools
import threading
import time

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from app import *
from conftest import outside
from paceline.errors import SharedTransactionError

pytestmark = pytest.mark.schema


def scenario(function):
    """Run as it is, or in a greenlet, where asyncio drivers are called just like others."""
    @functools.wraps(function)
    def run():
        if IS_ASYNC:
            asyncio.run(greenlet_spawn(function))
        else:
            function()
    return run


def ids(target=engine):
    with Session(target) as session:
        return session.scalars(text("select id from item order by id")).all()


def insert(connection, *numbers):
    for number in numbers:
        connection.execute(text("insert into item values (:id, 'x')"), {"id": number})


@scenario
def test_session_commit():
    with SessionLocal() as session:
        session.add(Item(id=1))
        session.commit()
        session.add(Item(id=2))
        session.rollback()
        assert session.get(Item, 1) and not session.get(Item, 2)
    assert ids() == [0, 1]
    assert outside("select id from item") == [(0,)]


@scenario
def test_scoped_session():
    scoped().add(Item(id=1))
    scoped.commit()
    scoped.remove()
    assert ids() == [0, 1]


@scenario
def test_core_commit():
    with engine.connect() as connection:
        insert(connection, 1)
        connection.commit()
        insert(connection, 2)
        connection.rollback()
        insert(connection, 3)
        connection.commit()
    assert ids() == [0, 1, 3]


@scenario
def test_engine_begin():
    with engine.begin() as connection:
        insert(connection, 1)
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        insert(connection, 2)
        1 / 0
    assert ids() == [0, 1]


@scenario
def test_close_without_commit():
    with engine.connect() as connection:
        insert(connection, 1)
    session = SessionLocal()
    session.add(Item(id=2))
    session.flush()
    session.close()
    assert ids() == [0]


@scenario
def test_integrity_error_then_continue():
    with SessionLocal() as session:
        session.add(Item(id=1))
        session.commit()
        session.add(Item(id=1))
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
        session.add(Item(id=2))
        session.commit()
    assert ids() == [0, 1, 2]


@scenario
def test_a_failed_transaction_refuses_everything_until_its_rollback():
    with engine.connect() as connection:
        insert(connection, 1)
        with pytest.raises(IntegrityError):
            insert(connection, 1)
        assert ids() == [0]
        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            connection.execute(text("select 1"))
        connection.rollback()
        insert(connection, 2)
        connection.commit()
    assert ids() == [0, 2]


@scenario
def test_begin_nested():
    with SessionLocal() as session:
        session.add(Item(id=1))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text("insert into item values (0, 'twice')"))
        with session.begin_nested():
            session.add(Item(id=2))
            with session.begin_nested() as inner:
                session.add(Item(id=3))
                session.flush()
                inner.rollback()
        session.commit()
    assert ids() == [0, 1, 2]


@scenario
def test_nested_savepoints_of_two_sessions_have_the_same_names():
    with SessionLocal() as one, SessionLocal() as two:
        with one.begin_nested():
            one.add(Item(id=1))
            one.flush()
            with two.begin_nested():
                two.add(Item(id=2))
            two.commit()
        one.commit()
    assert ids() == [0, 1, 2]


@scenario
def test_autocommit_connection():
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        insert(connection, 1)
        with pytest.raises(IntegrityError):
            insert(connection, 1)
        insert(connection, 2)
        connection.rollback()
    with engine.connect() as connection:
        insert(connection, 3)
    assert ids() == [0, 1, 2]


@scenario
def test_autocommit_engine():
    level = {"isolation_level": "AUTOCOMMIT"}
    for auto in (new_engine(**level), engine.execution_options(**level)):
        with auto.connect() as connection:
            insert(connection, 1)
            with pytest.raises(IntegrityError):
                insert(connection, 1)
        assert ids(auto) == ids() == [0, 1]
        with auto.connect() as connection:
            connection.execute(text("delete from item where id = 1"))
    assert ids() == [0]


@scenario
def test_raw_connection():
    raw = engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("insert into item values (1, 'x')")
    raw.commit()
    cursor.execute("insert into item values (2, 'x')")
    raw.rollback()
    cursor.execute("select id from item order by id")
    assert [row[0] for row in cursor.fetchall()] == [0, 1]
    cursor.execute("insert into item values (3, 'x')")
    cursor.close()
    raw.close()
    assert ids() == [0, 1]


@scenario
def test_two_sessions_nested():
    with SessionLocal() as outer, SessionLocal() as inner:
        outer.add(Item(id=1))
        outer.flush()
        inner.add(Item(id=2))
        inner.commit()
        outer.commit()
    assert ids() == [0, 1, 2]


@scenario
def test_two_sessions_interleaved_commit():
    with SessionLocal() as one, SessionLocal() as two:
        one.add(Item(id=1))
        one.flush()
        two.add(Item(id=2))
        two.flush()
        one.commit()
        two.add(Item(id=3))
        two.commit()
    assert ids() == [0, 1, 2, 3]


@scenario
def test_two_sessions_interleaved_rollback_of_the_inner():
    with SessionLocal() as one, SessionLocal() as two:
        one.add(Item(id=1))
        one.flush()
        two.add(Item(id=2))
        two.flush()
        one.commit()
        two.rollback()
    assert ids() == [0, 1]


@scenario
def test_two_sessions_interleaved_rollback_of_the_outer():
    one, two = SessionLocal(), SessionLocal()
    one.add(Item(id=1))
    one.flush()
    two.add(Item(id=2))
    two.flush()
    with pytest.raises(SharedTransactionError, match=r"test_scenarios.*also undo.*test_scenarios.*clone"):
        one.rollback()
    with pytest.raises(SharedTransactionError, match="clone"):
        two.commit()
    for session in (one, two):
        session.invalidate()


@scenario
def test_outer_rolls_back_after_inner_commit():
    one, two = SessionLocal(), SessionLocal()
    one.add(Item(id=1))
    one.flush()
    two.add(Item(id=2))
    two.commit()
    with pytest.raises(SharedTransactionError, match=r"test_scenarios.*also undo.*test_scenarios.*clone"):
        one.rollback()
    for session in (one, two):
        session.invalidate()


@scenario
def test_an_outer_that_only_read_rolls_back_after_inner_commit():
    with SessionLocal() as one, SessionLocal() as two:
        assert one.get(Item, 0).note == "seed"
        two.add(Item(id=2))
        two.commit()
        one.rollback()
    assert ids() == [0, 2]


@scenario
def test_an_outer_rolls_back_under_an_inner_that_only_read():
    with SessionLocal() as one, SessionLocal() as two:
        one.add(Item(id=1))
        one.flush()
        assert two.get(Item, 0).note == "seed"
        one.rollback()
        two.add(Item(id=2))
        two.commit()
    assert ids() == [0, 2]


def test_eight_at_once():
    def work(number):
        with SessionLocal() as session:
            session.add(Item(id=number))
            session.flush()
            session.execute(text("select pg_sleep(0.01)"))
            session.commit()

    if IS_ASYNC:
        async def tasks():
            await asyncio.gather(*(greenlet_spawn(work, number) for number in range(1, 9)))
            assert await greenlet_spawn(ids) == list(range(9))
        asyncio.run(tasks())
    else:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ids() == list(range(9))


def test_eight_at_once_while_half_of_them_roll_back():
    def work(number):
        with SessionLocal() as session:
            session.add(Item(id=number))
            session.flush()
            if number % 2:
                session.rollback()
            else:
                session.commit()

    if IS_ASYNC:
        async def tasks():
            await asyncio.gather(*(greenlet_spawn(work, number) for number in range(1, 9)))
            assert await greenlet_spawn(ids) == [0, 2, 4, 6, 8]
        asyncio.run(tasks())
    else:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ids() == [0, 2, 4, 6, 8]


@scenario
def test_dispose_in_the_middle():
    with engine.begin() as connection:
        insert(connection, 1)
    engine.dispose()
    with engine.begin() as connection:
        insert(connection, 2)
    assert ids() == [0, 1, 2]


@scenario
def test_engine_made_inside_the_test():
    late = new_engine(pool_pre_ping=True, echo=False, logging_name="late", query_cache_size=10)
    with late.begin() as connection:
        insert(connection, 1)
    assert ids() == ids(late) == [0, 1]
    late.dispose()


@scenario
def test_serializable_option():
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        insert(connection, 1)
        connection.commit()
    strict = new_engine(isolation_level="REPEATABLE READ")
    with strict.begin() as connection:
        insert(connection, 2)
    with Session(engine.execution_options(isolation_level="SERIALIZABLE")) as session:
        session.add(Item(id=3))
        session.commit()
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        connection.execute(text("select 1"))
    with engine.begin() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        insert(connection, 4)
    assert ids() == [0, 1, 2, 3, 4]


@scenario
def test_commit_of_a_sessions_connection():
    with SessionLocal() as session:
        session.add(Item(id=1))
        session.flush()
        session.connection().commit()
    assert ids() == [0, 1]


@scenario
def test_deferred_foreign_key():
    with SessionLocal() as session:
        session.add(Part(id=1, item_id=99))
        session.flush()
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
        session.add(Part(id=2, item_id=98))
        session.flush()
        session.add(Item(id=98))
        session.commit()
        session.add(Part(id=3, item_id=97))
        session.flush()
        session.rollback()
    with engine.connect() as connection:
        assert connection.scalars(text("select id from part")).all() == [2]
        connection.execute(text("insert into part values (4, 96)"))
        with pytest.raises(IntegrityError):
            connection.commit()
        connection.rollback()
        assert connection.scalars(text("select id from part")).all() == [2]


@scenario
def test_orm_commit_hooks():
    calls = []
    with SessionLocal() as session:
        event.listen(session, "before_commit", lambda _: calls.append("before"))
        event.listen(session, "after_commit", lambda _: calls.append("after"))
        event.listen(session, "after_rollback", lambda _: calls.append("rollback"))
        session.add(Item(id=1))
        session.commit()
        session.add(Item(id=2))
        session.rollback()
    assert calls == ["before", "after", "rollback"]
    assert ids() == [0, 1]


@scenario
def test_core_commit_hooks():
    calls = []
    hook = lambda _: calls.append("commit")
    event.listen(engine, "commit", hook)
    try:
        with engine.begin() as connection:
            insert(connection, 1)
    finally:
        event.remove(engine, "commit", hook)
    assert calls == ["commit"]


@scenario
def test_pool_hooks():
    calls = []
    out = lambda *_: calls.append("checkout")
    event.listen(engine, "checkout", out)
    try:
        with engine.begin() as connection:
            insert(connection, 1)
    finally:
        event.remove(engine, "checkout", out)
    assert calls == ["checkout"]


@pytest.mark.parametrize(
    "command", ["COMMIT", "ROLLBACK", "BEGIN", "end; select 1", "/* x */ commit", "VACUUM item"]
)
def test_transaction_control_as_text(command):
    def run():
        with engine.connect() as connection:
            insert(connection, 1)
            with pytest.raises(SharedTransactionError, match="nothing was sent.*clone"):
                connection.exec_driver_sql(command)
            connection.commit()
        raw = engine.raw_connection()
        with pytest.raises(SharedTransactionError, match="clone"):
            raw.cursor().execute(command)
        raw.close()
        assert ids() == [0, 1]
    scenario(run)()


@scenario
def test_savepoints_as_text():
    with engine.begin() as connection:
        insert(connection, 1)
        connection.exec_driver_sql("SAVEPOINT mine")
        insert(connection, 2)
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT mine")
        insert(connection, 3)
        connection.exec_driver_sql("RELEASE mine")
    assert ids() == [0, 1, 3]


@scenario
def test_schema_changes():
    with engine.begin() as connection:
        connection.execute(text("create table extra (id int unique deferrable initially deferred)"))
    with engine.connect() as connection:
        connection.execute(text("insert into extra values (1), (1)"))
        with pytest.raises(IntegrityError):
            connection.commit()
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from extra")) == 0


@scenario
def test_server_side_cursor():
    with engine.connect() as connection:
        insert(connection, *range(1, 200))
        result = connection.execution_options(stream_results=True, max_row_buffer=10).execute(
            text("select id from item order by id")
        )
        assert [row.id for row in result] == list(range(200))
        connection.commit()


@scenario
def test_many_rows_in_one_go():
    with engine.begin() as connection:
        connection.execute(Item.__table__.insert(), [{"id": number, "note": "x"} for number in range(1, 50)])
    assert len(ids()) == 50


def test_the_next_test_sees_nothing(integration_engine):
    with integration_engine.connect() as connection:
        assert connection.scalar(text("select count(*) from item")) == 1
'''
