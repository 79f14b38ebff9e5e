"""Databases are found by the names of their files; a new one is a new file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.harness.database import Project

from paceline.config import DatabaseConfig, requirements
from paceline.errors import ConfigError, UnsafeDatabaseError
from paceline.isolation import databases
from paceline.isolation.databases import mariadb, postgresql, sqlite
from paceline.isolation.provisioning import Provisioning
from paceline.isolation.urls import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paceline.isolation.product import Product

PAGE = Path(__file__).parents[2] / "docs/how-to/add-a-database.md"


@pytest.fixture
def new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the how-to page, where databases are looked for."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "ledger.py"
    path.write_text(code)
    monkeypatch.setattr(databases, "__path__", [*databases.__path__, str(tmp_path)])
    databases.requirement.cache_clear()
    yield path
    databases.requirement.cache_clear()


def test_each_file_is_a_product_or_an_extension_of_one() -> None:
    """What a suite may require are the names of the files."""
    products: tuple[Product, ...] = (postgresql, mariadb, sqlite)
    assert products == databases.products()
    assert ("mariadb", "pgvector", "postgresql", "sqlite") == requirements()
    assert set(requirements()) == set(databases.names())
    assert ("postgresql", "vector") == (
        databases.requirement("pgvector").database,
        databases.requirement("pgvector").extension,
    )


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("postgres://h/t", "postgresql"),
        ("postgresql+asyncpg://h/t", "postgresql"),
        ("sqlite+aiosqlite:///t.db", "sqlite"),
        ("sqlite://", "sqlite"),
        ("mysql+mysqldb://h/t", "mariadb"),
        ("mariadb+pymysql://h/t", "mariadb"),
    ],
)
def test_a_url_names_its_product(text: str, product: str) -> None:
    """Whatever the driver."""
    assert product == databases.name_of(DatabaseUrl.parse(text).product)


def test_an_unknown_url_is_told_what_there_is() -> None:
    """With an example of each."""
    with pytest.raises(ConfigError) as caught:
        DatabaseUrl.parse("oracle://scott:tiger@h/test")
    assert "PostgreSQL or MariaDB or SQLite (oracle)" in str(caught.value)
    assert "sqlite:///shop_test.db" in str(caught.value)
    assert "tiger" not in str(caught.value)


def test_an_unknown_requirement_is_told_what_there_is() -> None:
    """Or which was probably meant."""
    with pytest.raises(ConfigError, match="There are postgresql, mariadb, pgvector, sqlite"):
        databases.requirement("oracle")
    with pytest.raises(ConfigError, match="Did you mean 'sqlite'"):
        databases.requirement("sqlite3")


@pytest.mark.parametrize(
    ("text", "is_safe"),
    [
        ("sqlite:///shop_test.db", True),
        ("sqlite:////srv/tests/shop.db", False),
        ("sqlite:///shop.db", False),
        ("sqlite:///test_production.db", False),
        ("sqlite:///:memory:", True),
        ("mysql://h/shop_test", True),
        ("mysql://h/shop", False),
        ("mysql://h/shop_test?database=shop", False),
    ],
)
def test_the_rule_of_names(text: str, is_safe: bool) -> None:
    """Of a file its own name counts, not its folder's; memory is always for tests."""
    assert is_safe == DatabaseUrl.parse(text).looks_like_test_database


def test_a_database_is_added_by_adding_a_file(new_file: Path, tmp_path: Path) -> None:
    """The file of the how-to page is found by its URL and its requirement, provisioned, and taken away."""
    assert "ledger" in databases.names()
    assert databases.requirement("ledger").database == "ledger"
    url = DatabaseUrl.parse("ledger://h/books_test")
    assert ("Ledger", "ledger://h/books_test") == (url.product.TITLE, str(url))

    def provisioning(option: str | None) -> Provisioning:
        return Provisioning(
            DatabaseConfig(),
            option=option,
            environ={},
            requires=("ledger",),
            worker="",
            root=tmp_path,
        )

    found = provisioning(None)
    database = found.open()
    assert ("ledger", "ledger://h/paceline_test") == (database.product, database.url)
    found.demand("ledger")
    audit = found.audit
    audit.before()
    assert audit.after() is None
    found.close()
    borrowed = provisioning("ledger://h/books_test").open()
    assert borrowed.source == "--paceline-database-url"
    with pytest.raises(UnsafeDatabaseError):
        provisioning("ledger://h/books").open()


def test_a_run_has_one_database(project: Project) -> None:
    """What requires another kind is skipped, and told why."""
    project.environ["PACELINE_DATABASE_URL"] = "sqlite://"
    project.write(
        pyproject='[tool.paceline.suite.light]\nrequires = ["sqlite"]\n[tool.paceline.suite.schema]\n',
        test_it="""
        import pytest

        @pytest.mark.light
        def test_light(paceline_database):
            assert paceline_database.product == "sqlite"

        @pytest.mark.schema
        def test_schema():
            assert False
        """,
    )
    result = project.passes("--light", "--schema", "-rs", passed=1, skipped=1)
    assert "that of this one is SQLite, not PostgreSQL" in result.output
