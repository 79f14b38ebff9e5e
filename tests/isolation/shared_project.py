"""The application whose engines share a transaction, and the scenarios that are run with every driver.

The text of a project's files: its tests run in a pytest of their own, once for each driver.
"""

from __future__ import annotations

#: Made at import time, by code that knows nothing of tests.
APPLICATION = """
import asyncio
import functools
import os

from sqlalchemy import ForeignKey, String, create_engine, event, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

BACKEND, DRIVER = os.environ["APP_DRIVER"].split("+")
IS_ASYNC = DRIVER in {"asyncpg", "psycopg_async", "aiosqlite"}
URL = make_url(os.environ["APP_URL"]).set(drivername=f"{BACKEND}+{DRIVER}")


def new_engine(**options):
    if IS_ASYNC:
        return create_async_engine(URL, **options).sync_engine
    return create_engine(URL, **options)


engine = new_engine()
if BACKEND == "sqlite":
    @event.listens_for(engine, "connect")
    def check_foreign_keys(connection, _):
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
SessionLocal = sessionmaker(engine)
scoped = scoped_session(SessionLocal)


DEFERRED = {} if BACKEND == "mysql" else {"deferrable": True, "initially": "DEFERRED"}


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(String(50), default="")


class Part(Base):
    __tablename__ = "part"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", **DEFERRED))


def prepare(url):
    made = create_engine(url)
    Base.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(text("insert into item values (0, 'seed')"))
    made.dispose()
"""

CONFTEST = """
import os
from contextlib import closing

import pytest
from sqlalchemy import make_url

def connect(url):
    if url.get_backend_name() == "postgresql":
        import psycopg
        return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    if url.get_backend_name() == "sqlite":
        import sqlite3
        query = "?vfs=memdb" if "vfs" in url.query else ""
        return sqlite3.connect(url.database + query, uri=bool(query))
    import pymysql
    where = url.query["unix_socket"]
    return pymysql.connect(unix_socket=where, user="root", database=url.database, ssl_disabled=True)

def outside(query):
    with closing(connect(make_url(os.environ["APP_URL"]))) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    try:
        return (yield)
    finally:
        if nextitem is None:
            return  # the database is gone by now
        # Every fixture of the test has been torn down: what is there now has leaked.
        assert outside("select id, note from item") == [(0, "seed")]
        assert outside("select id from part") == []
        with pytest.raises(Exception, match="(?i)extra"):
            outside("select 1 from extra")
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
import gc
import os
import sys
import threading
import time

import pytest
import sqlalchemy
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


NAPS = {"postgresql": "select pg_sleep(0.01)", "mysql": "select sleep(0.01)"}


def only(*backends):
    return pytest.mark.skipif(BACKEND not in backends, reason=f"about {' and '.join(backends)}")


def assert_unseen_outside():
    # In memory a connection that SQLAlchemy doesn't know of can't even read meanwhile.
    if "vfs" not in URL.query:
        assert outside("select id from item") == [(0,)]


def nap(session):
    if BACKEND in NAPS:
        session.execute(text(NAPS[BACKEND]))
    else:
        time.sleep(0.01)


def ids(target=engine):
    with Session(target) as session:
        return session.scalars(text("select id from item order by id")).all()


def insert(connection, *numbers):
    for number in numbers:
        connection.execute(text("insert into item values (:id, 'x')"), {"id": number})


def test_the_version_of_sqlalchemy():
    assert sqlalchemy.__version__.startswith(os.environ.get("APP_SQLALCHEMY", ""))


@scenario
def test_session_commit():
    with SessionLocal() as session:
        session.add(Item(id=1))
        session.commit()
        session.add(Item(id=2))
        session.rollback()
        assert session.get(Item, 1) and not session.get(Item, 2)
    assert ids() == [0, 1]
    assert_unseen_outside()


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


@pytest.mark.filterwarnings("ignore:The garbage collector is trying to clean up")
@scenario
def test_a_session_that_nobody_closes():
    session = SessionLocal()
    insert(session, 1)
    del session
    gc.collect()
    insert(SessionLocal(), 2)
    gc.collect()
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


@only("postgresql")
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


@only("sqlite", "mysql")
@scenario
def test_a_statement_that_fails_undoes_itself_only():
    with engine.connect() as connection:
        insert(connection, 1)
        with pytest.raises(IntegrityError):
            insert(connection, 1)
        insert(connection, 2)
        assert ids() == [0, 1, 2]
        connection.rollback()
        insert(connection, 3)
        connection.commit()
    assert ids() == [0, 3]


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
            nap(session)
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
    strict = new_engine(isolation_level="READ UNCOMMITTED")
    with strict.begin() as connection:
        insert(connection, 2)
    with Session(engine.execution_options(isolation_level="SERIALIZABLE")) as session:
        session.add(Item(id=3))
        session.commit()
    assert ids() == [0, 1, 2, 3]


@only("postgresql")
@scenario
def test_characteristics_of_postgresql():
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        connection.execute(text("select 1"))
    with engine.begin() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        insert(connection, 4)
    assert ids() == [0, 4]


@scenario
def test_commit_of_a_sessions_connection():
    with SessionLocal() as session:
        session.add(Item(id=1))
        session.flush()
        session.connection().commit()
    assert ids() == [0, 1]


@only("postgresql", "sqlite")
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


COMMANDS = {
    "postgresql": ["COMMIT", "ROLLBACK", "BEGIN", "end; select 1", "/* x */ commit", "VACUUM item"],
    "sqlite": [
        "COMMIT", "ROLLBACK", "END TRANSACTION", "/* x */ commit", "VACUUM", "ATTACH ':memory:' AS other",
        "PRAGMA foreign_keys = OFF", "pragma main.journal_mode(wal)",
        "INSERT OR ROLLBACK INTO item VALUES (0, '')",
    ],
    "mysql": [
        "COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "/* x */ commit", "set autocommit = 1",
        "XA BEGIN 'x'",
    ],
}


@pytest.mark.parametrize("command", COMMANDS[BACKEND])
def test_transaction_control_as_text(command):
    def run():
        with engine.connect() as connection:
            insert(connection, 1)
            with pytest.raises(SharedTransactionError, match="nothing was sent.*clone"):
                connection.exec_driver_sql(command)
            connection.commit()
        raw = engine.raw_connection()
        raw.cursor().execute("insert into item values (5, 'x')")
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
        connection.exec_driver_sql("RELEASE SAVEPOINT mine")
    assert ids() == [0, 1, 3]


@only("postgresql")
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


@only("sqlite")
@scenario
def test_tables_made_by_a_test():
    with engine.begin() as connection:
        connection.execute(text("create table extra (id int)"))
    with engine.connect() as connection:
        connection.execute(text("insert into extra values (1)"))
        connection.commit()
        connection.execute(text("insert into extra values (2)"))
        connection.rollback()
        assert connection.scalar(text("select count(*) from extra")) == 1


@only("sqlite")
@scenario
def test_the_habits_of_the_driver():
    with engine.connect() as connection:
        # It begins no transaction for anything that changes no rows.
        connection.execute(text("create table extra (id int)"))
        connection.rollback()
        connection.execute(text("/* why */ -- and how\\n insert into extra values (1)"))
        connection.execute(text("create table extra_too (id int)"))
        connection.rollback()
    with engine.connect() as connection:
        names = connection.scalars(text("select name from sqlite_master where name like 'extra%'")).all()
        assert (names, connection.scalar(text("select count(*) from extra"))) == (["extra"], 0)
        # So a savepoint is the whole transaction.
        connection.exec_driver_sql("SAVEPOINT outer")
        insert(connection, 1)
        connection.exec_driver_sql("RELEASE SAVEPOINT outer")
        connection.rollback()
    assert ids() == [0, 1]


@only("sqlite")
@scenario
def test_an_engine_that_begins_its_transactions_itself():
    strict = new_engine()

    @event.listens_for(strict, "connect")
    def connect(connection, _):
        connection.isolation_level = None

    @event.listens_for(strict, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with strict.connect() as connection:
        connection.execute(text("create table extra (id int)"))
        insert(connection, 1)
        connection.rollback()
        with connection.begin_nested():
            insert(connection, 2)
        connection.rollback()
        insert(connection, 3)
        connection.commit()
    assert ids() == ids(strict) == [0, 3]
    with engine.connect() as connection:
        assert connection.scalars(text("select name from sqlite_master where name = 'extra'")).all() == []


@only("sqlite")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="about an argument of newer drivers")
@pytest.mark.skipif(IS_ASYNC, reason="about an argument of the driver")
def test_an_engine_that_is_always_in_a_transaction():
    strict = new_engine(connect_args={"autocommit": False})
    with strict.connect() as connection:
        connection.execute(text("create table extra (id int)"))
        connection.rollback()
        insert(connection, 1)
        connection.commit()
        insert(connection, 2)
    with strict.connect() as connection:
        assert connection.scalars(text("select name from sqlite_master where name = 'extra'")).all() == []
    assert ids() == ids(strict) == [0, 1]


@only("sqlite")
@pytest.mark.skipif(IS_ASYNC, reason="about the method of a driver")
def test_a_script():
    raw = engine.raw_connection()
    raw.cursor().execute("insert into item values (1, 'x')")
    script = "insert into item values (2, ';'); begin; delete from item where id = 1; commit;"
    raw.cursor().executescript(script)
    raw.rollback()
    raw.close()
    assert ids() == [0, 2]
    assert_unseen_outside()


@only("mysql")
@pytest.mark.parametrize(
    "statement",
    [
        "create table extra (id int)",
        "CREATE OR REPLACE TABLE extra (id int)",
        "alter table item add more int",
        "/* x */ create unique index i on item (note)",
        "truncate item",
        "drop table part",
        "rename table part to extra",
        "lock tables item write",
        "analyze table item",
        "/*!50001 create table extra (id int) */",
    ],
)
def test_what_commits_implicitly(statement):
    with engine.connect() as connection:
        insert(connection, 1)
        with pytest.raises(SharedTransactionError, match="nothing was sent.*clone"):
            connection.exec_driver_sql(statement)
        connection.commit()
    assert ids() == [0, 1]


@only("mysql")
def test_what_the_session_keeps():
    with engine.connect() as connection:
        connection.execute(text("create temporary table extra (id int)"))
        connection.execute(text("set @kept = 1"))
        connection.execute(text("set session group_concat_max_len = 7"))
        connection.execute(text("select get_lock('kept', 0)"))


@only("mysql")
def test_what_the_session_no_longer_has():
    with engine.connect() as connection:
        assert connection.scalar(text("select @kept")) is None
        assert connection.scalar(text("select @@group_concat_max_len")) != 7
        with pytest.raises(DBAPIError, match="extra"):
            connection.execute(text("select * from extra"))
    assert outside("select is_free_lock('kept')") == [(1,)]


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
