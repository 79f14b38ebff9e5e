"""What records statements of a library is loaded when the suite imports that library, and not before."""

from __future__ import annotations

import pytest
from tests.harness.recorded import RecordedProject, needs
from tests.harness.spent import value

_TESTS = """
import asyncio, sys

def loaded():
    files = ("sql_sqlalchemy", "sql_django")
    return [name for name in files if f"paceline.metrics.{name}" in sys.modules]

def test_nothing():
    assert loaded() == []
    assert not {"sqlalchemy", "django"} & set(sys.modules)

def test_sync():
    from sqlalchemy import create_engine, text
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT 1"))
    assert loaded() == ["sql_sqlalchemy"]

def test_async():
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    async def ask():
        engine = create_async_engine("sqlite+aiosqlite://")
        async with engine.connect() as connection:
            for _ in range(3):
                await connection.execute(text("SELECT 1"))
        await engine.dispose()

    asyncio.run(ask())
    assert loaded() == ["sql_sqlalchemy"]

def test_django():
    from django.conf import settings
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    )
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    assert loaded() == ["sql_sqlalchemy", "sql_django"]
"""


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["serial", "-n 1"])
def test_each_file_is_loaded_with_its_library(project: RecordedProject, workers: tuple[str, ...]) -> None:
    """And counts from the first statement on, in the process that runs the tests."""
    needs("sqlalchemy", "aiosqlite", "django", *(("xdist",) if workers else ()))
    project.file("test_it.py", _TESTS)
    ended = project.pytest(*workers, plugins=("xdist", "paceline") if workers else ("paceline",))
    assert ended.ret == 0, ended.output
    counted = {
        name: value(ended.test(name), "sql_statements")
        for name in ("test_nothing", "test_sync", "test_async", "test_django")
    }
    assert counted == {"test_nothing": 0, "test_sync": 1, "test_async": 3, "test_django": 2}
