"""No password of a database stands in anything that Paceline writes or has pytest show."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.database import Lent, Project

APP = """
import os
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["APP_URL"])

def prepare(url):
    made = create_engine(url)
    with made.begin() as connection:
        connection.execute(text("create table item (id int)"))
    made.dispose()
    if os.environ.get("FAILS"):
        raise RuntimeError(f"can't go on with {url}")
"""

TESTS = """
import psycopg, pytest
from app import engine

pytestmark = pytest.mark.schema

def test_url(paceline_database):
    assert paceline_database.url == "other"

def test_engines(integration_engine):
    assert engine is integration_engine

def test_text(paceline_database):
    raise RuntimeError("no way to " + paceline_database.url)

def test_leak(paceline_database):
    with psycopg.connect(paceline_database.url.replace("+psycopg", "")) as connection:
        connection.execute("insert into item values (1)")

@pytest.mark.schema(isolation="clone")
def test_kept(integration_session, integration_engine):
    integration_session.connection()
    assert 0
"""


def written(folder: Path) -> dict[str, str]:
    """Return the content of every file below `folder`."""
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        name: (gzip.decompress(content) if name.endswith(".gz") else content).decode(errors="replace")
        for name, content in files.items()
    }


def test_a_run_shows_and_writes_no_password(project: Project, lent: Lent) -> None:
    """Given as an option, in the URL's query, where nobody else masks it; with failures of every kind."""
    project.write(
        pyproject='[tool.paceline.database]\nprepare = "app:prepare"\nexport = ["APP_URL"]\n'
        '[tool.pytest.ini_options]\npythonpath = ["."]\n',
        app=APP,
        test_it=TESTS,
    )
    url = lent.url("shop_test").replace(":s3cr3t%21", "") + "&password=s3cr3t%2525"
    options = ("--schema", "--paceline-database-url", url, "--paceline-keep-databases", "--showlocals")
    failing = project.run(*options, "--paceline-out", "run.jsonl", "-rA", "-p", "no:randomly")
    assert failing.outcomes == {"failed": 4, "passed": 1, "error": 1}, failing.output
    project.environ["FAILS"] = "1"
    broken = project.run(*options, "--paceline-out", "broken.jsonl")
    assert broken.outcomes == {"error": 5}, broken.output

    found = written(project.root)
    assert "run.jsonl" in "".join(found)
    assert "***" in failing.output
    # The text of a test's own exception is the test's.
    shown = "\n".join(line for line in failing.output.splitlines() if "no way to" not in line)
    told = {"output": shown, "output of the broken run": broken.output, **found}
    lines = [f"{name}: {line}" for name, text in told.items() for line in text.splitlines()]
    assert [line for line in lines if "s3cr3t" in line] == []
