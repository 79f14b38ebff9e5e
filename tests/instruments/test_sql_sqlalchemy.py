"""Statements of SQLAlchemy are recorded with the line of the project that sends them, and seen by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.harness.recorded import needs
from tests.harness.spent import counts, line_of, operations, value

if TYPE_CHECKING:
    from tests.harness.recorded import RecordedProject

_SHOP = """
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
scoped = scoped_session(sessionmaker(engine))

class Base(DeclarativeBase):
    pass

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list["Line"]] = relationship()

class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))

def fill():
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Order(lines=[Line(), Line()]) for _ in range(5)])
        session.commit()

def totals():
    try:
        return [len(order.lines) for order in scoped().query(Order)]  # one by one
    finally:
        scoped.remove()
"""
_EACH = "SELECT lines.id, lines.order_id FROM lines WHERE ? = lines.order_id"


def test_the_line_of_an_application_behind_a_test_client(project: RecordedProject) -> None:
    """Statements that an endpoint repeats, in its own thread, are at its line; what a fixture sends isn't."""
    needs("fastapi", "httpx")
    app = """
import time
from fastapi import FastAPI
import shop
app = FastAPI()

@app.get("/orders")
def orders():
    time.sleep(0.001)
    return shop.totals()
"""
    project.file("shop.py", _SHOP)
    project.file("app.py", app)
    project.file(
        "test_app.py",
        """
import pytest, shop
from app import app
from fastapi.testclient import TestClient

@pytest.fixture(scope="session")
def filled():
    shop.fill()

def test_it(filled):
    assert TestClient(app).get("/orders?token=secret").json() == [2] * 5
""",
    )
    project.configure(pytest_options='pythonpath = ["."]\nfilterwarnings = ["ignore"]')
    recorded = project.pytest()
    assert recorded.ret == 0, recorded.output
    test = recorded.test("test_it")
    line = f"shop.py:{line_of(_SHOP, 'one by one')}"
    assert counts(operations(test))[_EACH, line] == 5
    assert counts(operations(test))["time.sleep", f"app.py:{line_of(app, 'time.sleep')}"] == 1
    assert counts(operations(test))["GET http://testserver/orders", "test_app.py:11"] == 1
    assert value(test, "sql_statements") == 6
    assert value(test, "http_requests") == 1
    (filled,) = (each for each in recorded.run.costs.fixtures if each.argname == "filled")
    assert (filled.values["sql_statements"], filled.values["db_connections"]) == (21, 1)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_engines_wherever_they_are_made(project: RecordedProject, workers: tuple[str, ...]) -> None:
    """An engine of a plugin, of another thread, of a test: all of them are recorded, in every process."""
    project.file("shop.py", _SHOP)
    project.file("early.py", "from shop import engine, fill")  # a plugin is imported before we are
    project.file(
        "test_engines.py",
        """
import threading
import pytest
from sqlalchemy import create_engine, text

def ask(engine):
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))

def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

def test_early():
    from early import engine
    ask(engine)

def test_new():
    ask(create_engine("sqlite://"))

def test_made_in_thread():
    made = []
    in_thread(lambda: made.append(create_engine("sqlite://")))
    ask(made[0])

def test_used_in_thread():
    in_thread(lambda: ask(create_engine("sqlite://")))

def test_with_options():
    ask(create_engine("sqlite://").execution_options(isolation_level="AUTOCOMMIT"))

def test_own_creator():
    import sqlite3
    ask(create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:")))
""",
    )
    project.configure(pytest_options='pythonpath = ["."]')
    recorded = project.pytest(*workers, plugins=("early", "paceline", *(["xdist"] if workers else [])))
    assert recorded.ret == 0, recorded.output
    for test in recorded.run.tests:
        assert counts(each for each in operations(test) if each.what == "SELECT ?") == {
            ("SELECT ?", "test_engines.py:8"): 1
        }, test.nodeid
        assert (value(test, "sql_statements"), value(test, "db_connections")) == (1, 1), test.nodeid


def test_nothing_is_seen_of_it(project: RecordedProject) -> None:
    """Listeners, errors and the loading of libraries are as without us."""
    project.file("shop.py", _SHOP)
    project.file(
        "test_quiet.py",
        """
import sys
import traceback
import pytest

def test_first():
    assert "sqlalchemy" not in sys.modules

def test_loaders():
    import sqlalchemy
    assert type(sqlalchemy.__spec__.loader).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(sqlalchemy.__spec__.loader)

def test_error():
    from sqlalchemy import event, text
    from sqlalchemy.exc import OperationalError
    from shop import engine
    heard = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: heard.append(arguments[2]))
    with pytest.raises(OperationalError) as caught, engine.connect() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    assert heard == ["SELECT nothing FROM nowhere"]
    assert "paceline" not in str(caught.getrepr(style="short"))

def test_frozen():
    freezegun = pytest.importorskip("freezegun")
    from sqlalchemy import text
    from shop import engine
    with freezegun.freeze_time("2020-01-01"), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
""",
    )
    recorded = project.pytest()
    assert recorded.ret == 0, recorded.output
    assert (
        counts(operations(recorded.test("test_error")))["SELECT nothing FROM nowhere", "test_quiet.py:21"]
        == 1
    )
    assert 0 < value(recorded.test("test_frozen"), "sql_time") < 60
