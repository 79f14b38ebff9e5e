"""A test that only added rows has them taken back; whatever else it did brings a fresh copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.database import Project

SCHEMA = """
create table shelf (id int generated always as identity primary key, name text unique);
create table book (id serial primary key, shelf int references shelf, data jsonb);
create table event (at int, what text) partition by range (at);
create table event_early partition of event for values from (0) to (10);
create table watched (id int);
create function refuse() returns trigger language plpgsql as $$ begin raise 'kept'; end $$;
create trigger refuse before delete on book for each row when (old.id > 30) execute function refuse();
create trigger always before delete on watched for each row execute function refuse();
alter table watched enable always trigger always;
create table place (id int, at point, exclude using gist (at with ~=));
create sequence tickets;
insert into shelf (name) values ('a'), ('b');
insert into book (shelf, data) select 1, jsonb_build_object('n', n) from generate_series(1, 30) n;
"""

TESTS = r'''
import os, threading
import psycopg, psycopg2, pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

pytestmark = pytest.mark.schema(isolation="clone")
engine = create_engine(os.environ["APP_URL"])
by_psycopg2 = create_engine(os.environ["APP_URL"].replace("+psycopg", "+psycopg2"))
TABLES = ("shelf", "book", "event_early", "watched", "place")
BEFORE = {}

def content(connection):
    """Everything, with the place of each row: new ones come behind those that were there."""
    found = {
        table: connection.execute(text(f"select ctid, t.* from {table} t")).fetchall() for table in TABLES
    }
    found["sequences"] = connection.execute(
        text("select sequencename, last_value from pg_sequences order by 1")
    ).fetchall()
    found["settings"] = connection.execute(
        text("select current_user, current_setting('work_mem'), current_setting('session_replication_role')")
    ).fetchall()
    found["oid"] = connection.execute(
        text("select oid from pg_database where datname = current_database()")
    ).fetchall()
    return found

@pytest.fixture(autouse=True)
def as_prepared(request):
    if "afterwards" not in request.fixturenames:
        return
    with engine.connect() as connection:
        found = content(connection)
    oid = found.pop("oid")
    known = BEFORE.setdefault("content", found)
    assert found == known
    expected = BEFORE.get("expected")
    if expected is not None:
        assert (oid == BEFORE["oid"]) == (expected == "same"), expected
    BEFORE.update(oid=oid, expected=request.node.callspec.params["afterwards"])

@pytest.mark.parametrize("afterwards", ["same"])
def test_prepare(afterwards):
    pass

ROWS = {
    "one": "insert into shelf (name) values ('c')",
    "many, in several tables": "insert into shelf (name) values ('c'), ('d'); "
    "insert into book (shelf) select id from shelf; insert into event values (1, 'x')",
    "changed and deleted again": "insert into shelf (name) values ('c'), ('d'); "
    "update shelf set name = 'e' where name = 'c'; delete from shelf where name = 'd'",
    "a conflict": "insert into shelf (name) values ('a'), ('z') on conflict do nothing",
    "large": "insert into book (data) select jsonb_agg(md5(n::text)) from generate_series(1, 2000) n",
    "locked": "insert into shelf (name) values ('c'); select * from shelf for update",
    "partly rolled back": "insert into shelf (name) values ('c'); savepoint s; update book set data = null; "
    "insert into shelf (name) values ('d'); rollback to s; insert into shelf (name) values ('e')",
    "in a savepoint": "savepoint s; insert into shelf (name) values ('c'); release s",
    "in an index of points": "insert into place values (1, '(1,1)')",
    "a sequence": "insert into shelf (name) values ('c'); "
    "select nextval('tickets'), setval('book_id_seq', 99)",
    "settings": "insert into shelf (name) values ('c'); set work_mem = '9MB'; set role pg_monitor",
}
MORE = {
    "a row changed": "insert into shelf (name) values ('c'); update shelf set name = 'x' where id = 1",
    "a row deleted": "insert into shelf (name) values ('c'); delete from book where id = 30",
    "as many deleted as added": "insert into shelf (name) values ('c'); delete from shelf where id = 2",
    "moved to another row": "update book set data = '{}' where id = 1",
    "a table": "insert into shelf (name) values ('c'); create table extra ()",
    "a definition": "insert into shelf (name) values ('c'); alter table book add column more int default 3",
    "truncated": "truncate event; insert into event values (1, 'x')",
    "a comment": "insert into shelf (name) values ('c'); comment on table shelf is 'x'",
    "an object": "insert into shelf (name) values ('c'); select lo_create(0)",
    "a trigger that always fires": "insert into watched values (1)",
    "too many": "insert into shelf (name) select n::text from generate_series(1, 2001) n",
    "statistics": "insert into shelf (name) values ('c'); analyze shelf",
    "a setting of the database": "insert into shelf (name) values ('c'); "
    "alter database paceline_test set work_mem = '9MB'",
}

@pytest.mark.parametrize(("what", "afterwards"), [
    *((what, "same") for what in ROWS), *((what, "fresh") for what in MORE), ("one", "same"),
])
def test_statements(what, afterwards):
    with engine.connect() as connection:
        for statement in (ROWS | MORE)[what].split("; "):
            connection.execute(text(statement))
        connection.commit()

@pytest.mark.parametrize("afterwards", ["same"])
def test_a_session_and_threads(afterwards, integration_session):
    integration_session.execute(text("insert into shelf (name) values ('c')"))
    integration_session.commit()
    def insert(name):
        with engine.begin() as connection:
            connection.execute(text("insert into shelf (name) values (:name)"), {"name": name})
    threads = [threading.Thread(target=insert, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

@pytest.mark.parametrize("afterwards", ["same"])
def test_connections_that_were_closed(afterwards):
    url = os.environ["APP_URL"].replace("+psycopg", "")
    for driver in (psycopg, psycopg2):
        connection = driver.connect(url)
        connection.cursor().execute("insert into shelf (name) values (%s)", [driver.__name__])
        connection.commit()
        connection.close()

@pytest.mark.parametrize("afterwards", ["same"])
def test_by_the_only_idle_connection_which_is_of_another_driver(afterwards):
    with by_psycopg2.begin() as connection:
        connection.execute(text("insert into shelf (name) values ('c')"))
    engine.dispose()

LEFT = []

@pytest.mark.parametrize(("autocommit", "afterwards"), [(True, "fresh"), (False, "fresh")])
def test_a_connection_that_is_left_open(autocommit, afterwards):
    connection = psycopg.connect(os.environ["APP_URL"].replace("+psycopg", ""), autocommit=autocommit)
    LEFT.append(connection)
    connection.execute("insert into shelf (name) values ('c')")
    with engine.begin() as other:
        other.execute(text("insert into shelf (name) values ('d')"))

@pytest.mark.parametrize("afterwards", ["fresh"])
def test_begun_in_the_test_before(afterwards):
    for connection in LEFT:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with engine.begin() as other:
        other.execute(text("delete from book where id = 30"))
        other.execute(text("delete from shelf where id = 2"))

@pytest.mark.parametrize("afterwards", ["same"])
def test_that_leaves_a_transaction_open(afterwards):
    LEFT[:] = [psycopg.connect(os.environ["APP_URL"].replace("+psycopg", ""))]
    LEFT[0].execute("delete from book where id = 30")

@pytest.mark.parametrize("afterwards", ["fresh"])
def test_that_ends_it(afterwards):
    with engine.begin() as other:
        other.execute(text("insert into shelf (name) values ('c')"))
    LEFT[0].commit()
    LEFT[0].close()

@pytest.fixture(scope="module")
def wrote():
    with engine.begin() as connection:
        connection.execute(text("insert into shelf (name) values ('of the module')"))

@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_a_fixture_wrote_is_there_again(n, wrote):
    with engine.begin() as connection:
        assert connection.execute(text("select * from shelf")).fetchall() == [
            (1, "a"), (2, "b"), (3, "of the module")
        ]
        connection.execute(text("insert into shelf (name) values ('c')"))
'''


def test_rows_that_were_added_are_taken_back(project: Project) -> None:
    """Rows, their places, sequences and settings are as prepared; only otherwise by another database."""
    project.write(
        pyproject='[tool.paceline.database]\nsql = ["schema.sql"]\nexport = ["APP_URL"]\n', test_rows=TESTS
    )
    (project.root / "schema.sql").write_text(SCHEMA)
    project.passes("--schema", "-p", "no:randomly", passed=37)
