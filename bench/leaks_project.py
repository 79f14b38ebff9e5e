"""The project in which leaks are planted: each kind of change, by each client, beside an isolated session."""

from __future__ import annotations

SCHEMA = """
create table item (id int primary key, note text);
create table other (id int);
create table parent (id int primary key);
create table mine (id int);
create table parted (id int) partition by range (id);
create table parted_low partition of parted for values from (0) to (10);
create unlogged table scratch as select 1 as id;
create materialized view seen as select 1 as id;
create sequence numbers;
create function three() returns int language sql as 'select 3';
create function same() returns trigger language plpgsql as $$ begin return new; end $$;
create procedure keep() language plpgsql as $$ begin insert into other values (7); commit; end $$;
insert into item values (1, 'seed'), (2, 'seed');
"""

#: What stays in the database: statements that are sent one by one.
PLANTED: dict[str, tuple[str, ...]] = {
    "insert": ("insert into item values (3, 'x')",),
    "update": ("update item set note = 'y'",),
    "delete": ("delete from item where id = 1",),
    "merge": (
        "merge into item using (values (3)) v (id) on item.id = v.id when not matched then insert values (3)",
    ),
    "truncate": ("truncate item",),
    "into a partition": ("insert into parted values (1)",),
    "large value": (
        "insert into item select 3, string_agg(md5(n::text), '') from generate_series(1, 9000) n",
    ),
    "in a transaction": ("begin", "insert into other values (1)", "commit"),
    "savepoint": ("begin", "savepoint a", "insert into other values (1)", "release a", "commit"),
    "partly rolled back": (
        "begin",
        "insert into other values (1)",
        "savepoint a",
        "delete from item",
        "rollback to a",
        "commit",
    ),
    "unlogged insert": ("insert into scratch values (2)",),
    "unlogged delete": ("delete from scratch",),
    "COMMIT in a DO block": ("do $$ begin insert into other values (1); commit; end $$",),
    "COMMIT in a procedure": ("call keep()",),
    "prepared transaction": (
        "begin",
        "insert into other values (1)",
        "prepare transaction 'p'",
        "commit prepared 'p'",
    ),
    "large object": ("select lo_from_bytea(0, 'x')",),
    "create table": ("create table extra (id int)",),
    "create table as": ("create table extra as select 1 as id",),
    "drop table": ("drop table other",),
    "add column": ("alter table other add column more int default 3",),
    "rename column": ("alter table other rename column id to number",),
    "rename table": ("alter table other rename to another",),
    "constraint": ("alter table other add constraint low check (id < 10)",),
    "foreign key": ("alter table other add foreign key (id) references parent",),
    "default": ("alter table other alter column id set default 5",),
    "index": ("create index on item (note)",),
    "index, concurrently": ("create index concurrently on item (note)",),
    "drop constraint": ("alter table item drop constraint item_pkey",),
    "create sequence": ("create sequence more",),
    "alter sequence": ("alter sequence numbers increment 5",),
    "drop sequence": ("drop sequence numbers",),
    "view": ("create view look as select 1 as one",),
    "materialized view": ("refresh materialized view seen", "drop materialized view seen"),
    "function": ("create function four() returns int language sql as 'select 4'",),
    "replaced function": ("create or replace function three() returns int language sql as 'select 4'",),
    "trigger": ("create trigger t before update on item for each row execute function same()",),
    "rule": ("create rule r as on insert to other do instead nothing",),
    "policy": ("create policy p on item", "alter table item enable row level security"),
    "grant": ("grant select on item to public",),
    "grant on a function": ("revoke execute on function three() from public",),
    "default privileges": ("alter default privileges grant select on tables to public",),
    "type": ("create type mood as enum ('sad')",),
    "domain": ("create domain small as int check (value < 10)",),
    "schema": ("create schema beside",),
    "comment": ("comment on table item is 'x'",),
    "extension": ("create extension if not exists citext",),
    "publication": ("create publication news for table item",),
    "statistics object": ("create statistics pair on id, note from item",),
    "aggregate": ("create aggregate total (int) (sfunc = int4pl, stype = int, initcond = '0')",),
    "operator": ("create operator === (leftarg = int, rightarg = int, function = int4eq)",),
    "cast": (
        "create function as_item(int) returns item language sql as 'select $1, null::text'",
        "create cast (int as item) with function as_item(int)",
    ),
    "text search": ("create text search configuration plain (copy = simple)",),
    "collation": ('create collation mine from "C"',),
    "foreign server": ("create foreign data wrapper nobody", "create server far foreign data wrapper nobody"),
    "storage option": ("alter table item set (fillfactor = 50)",),
}
#: What leaves nothing in the database.
HARMLESS: dict[str, tuple[str, ...]] = {
    "rolled back": ("begin", "insert into item values (3, 'x')", "rollback"),
    "rolled back to a savepoint": (
        "begin",
        "savepoint a",
        "insert into item values (3, 'x')",
        "rollback to a",
        "commit",
    ),
    "definitions rolled back": ("begin", "create table extra (id int)", "drop table other", "rollback"),
    "read": ("begin", "select * from item", "commit"),
    "locked rows": ("begin", "select * from item for update", "commit"),
    "locked table": ("begin", "lock table item", "commit"),
    "advisory lock": ("select pg_advisory_lock(1)",),
    "setting": ("set work_mem = '5MB'",),
    "notification": ("notify someone, 'news'",),
    "listener": ("listen someone",),
    "nextval": ("select nextval('numbers')",),
    "nextval rolled back": ("begin", "select nextval('numbers')", "rollback"),
    "analyze": ("analyze",),
    "vacuum": ("vacuum",),
    "checkpoint": ("checkpoint",),
    "temporary table": (
        "create temp table mine (id int primary key, note text)",
        "insert into mine values (1, 'x')",
    ),
    "table that came and went": ("create table own (id int primary key, note text)", "drop table own"),
    "transaction id": ("select txid_current()",),
    "another database": ("create database elsewhere", "drop database elsewhere"),
    "no row": ("update item set note = 'x' where id = 99",),
    "left open": ("begin", "insert into other values (1)"),
    "left prepared": ("begin", "insert into other values (1)", "prepare transaction 'q'"),
}
CLIENTS = ("psycopg", "psycopg2", "asyncpg", "psycopg async", "psycopg in a thread", "psycopg in a process")

CONFTEST = """
import asyncio, json, os, subprocess, sys, threading
import psycopg, psycopg2, pytest

FOUND = {}
SKIPPED = set()

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped:
        SKIPPED.add(item.name)
    elif report.failed:
        FOUND[item.name] = FOUND.get(item.name, "") + f"{report.when}: {report.longreprtext[-600:]}"
    return report

def pytest_sessionfinish(session):
    with open(os.environ["BENCH_OUT"], "w") as file:
        json.dump({"ran": session.testscollected - len(SKIPPED), "found": FOUND}, file)

async def by_asyncpg(url, statements):
    import asyncpg
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()

async def by_psycopg_async(url, statements):
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()

def by_psycopg(url, statements):
    connection = psycopg.connect(url, autocommit=True)
    for statement in statements:
        connection.execute(statement)
    connection.close()

def by_psycopg2(url, statements):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    for statement in statements:
        connection.cursor().execute(statement)
    connection.close()

def in_a_thread(url, statements):
    thread = threading.Thread(target=by_psycopg, args=(url, statements))
    thread.start()
    thread.join()

def in_a_process(url, statements):
    code = "import sys, json, conftest; conftest.by_psycopg(sys.argv[1], json.loads(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, url, json.dumps(statements)], check=True)

BY = {
    "psycopg": by_psycopg,
    "psycopg2": by_psycopg2,
    "asyncpg": lambda *given: asyncio.run(by_asyncpg(*given)),
    "psycopg async": lambda *given: asyncio.run(by_psycopg_async(*given)),
    "psycopg in a thread": in_a_thread,
    "psycopg in a process": in_a_process,
}
"""

TESTS = """
import json
import psycopg
import pytest
from conftest import BY
from sqlalchemy import text

PLANTED, HARMLESS, CLIENTS = json.loads(KINDS)
STATE = []

def state(url):
    with psycopg.connect(url) as connection:
        return [
            connection.execute(question).fetchall()
            for question in (
                "select * from item order by id",
                "select relname, relacl::text from pg_class where oid >= 16384"
                " and relpersistence <> 't' order by 1",
                "select count(*) from pg_proc",
                "select count(*) from pg_prepared_xacts",
            )
        ]

def act(kind, client, session, url):
    url = url.replace("+psycopg", "")
    if not STATE:
        STATE.append(state(url))
    # What the test before left would be here.
    assert state(url) == STATE[0]
    session.execute(text("insert into mine values (1)"))
    session.commit()
    BY[client](url, kind)

@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.schema
def test_planted(kind, client, paceline_database, integration_session):
    act(PLANTED[kind], client, integration_session, paceline_database.url)

@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.schema
def test_harmless(kind, client, paceline_database, integration_session):
    act(HARMLESS[kind], client, integration_session, paceline_database.url)
"""
