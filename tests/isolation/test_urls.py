"""Database URLs: which database they name, which names are safe, and what is shown of them."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from paceline.errors import ConfigError
from paceline.isolation.databases import postgresql
from paceline.isolation.urls import DatabaseUrl, looks_like_test_database


@pytest.mark.parametrize(
    "name",
    ["test", "shop_test", "test_shop", "shop-tests", "test2", "shop_ci", "ShopTest", "TESTING", "paceline"],
)
def test_names_of_test_databases(name: str) -> None:
    """A name with a word for tests in it is one."""
    assert looks_like_test_database(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "shop",
        "postgres",
        "latest",
        "contest",
        "attestation",
        "circle",
        "test_production",
        "ProdTest",
        "test_live",
    ],
)
def test_names_of_other_databases(name: str) -> None:
    """Neither a part of a word nor a word beside `production` makes a test database."""
    assert not looks_like_test_database(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u@h/shop_test", "shop_test"),
        ("postgres://h/shop_test?sslmode=require", "shop_test"),
        ("postgresql+asyncpg://h:5433/a%20test", "a test"),
        ("postgresql:///shop_test?host=/run/postgresql", "shop_test"),
        ("postgresql://h/shop_test?dbname=shop", "shop"),
        ("postgresql://h1,h2/shop_test", "shop_test"),
    ],
)
def test_the_name_is_the_one_that_the_driver_opens(text: str, expected: str) -> None:
    """A `dbname` parameter wins over the path, as it does in libpq."""
    url = DatabaseUrl.parse(text)
    assert expected == url.name
    assert "dbname" not in url.sqlalchemy


@pytest.mark.parametrize(
    "text", ["oracle://h/test", "shop_test", "mongodb:///test.db", "postgresql://h/", "postgresql://["]
)
def test_what_is_not_a_postgresql_url(text: str) -> None:
    """Other databases, plain words and a URL without a database are refused."""
    with pytest.raises(ConfigError):
        DatabaseUrl.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:s3cr3t@h/shop",
        "postgresql://user:s3cr3t%21@h/shop",
        "postgresql://user@h/shop?password=s3cr3t",
        "postgresql://u:s3cr3t@x@h/shop?sslpassword=s3cr3t",
        "postgresql://u:old@/shop?host=/tmp&PASSWORD=s3cr3t",
        "postgresql:///shop?user=u&password=s3cr3t%2525",
        "postgresql://u@h/shop?options=-c%20app.password%3Ds3cr3t",
        "mysql://u@h/shop?passwd=s3cr3t&ssl_key_password=s3cr3t",
    ],
)
def test_a_password_is_never_shown(text: str) -> None:
    """Neither the text nor the repr nor an error of a URL holds its password."""
    url = DatabaseUrl.parse(text)
    assert "s3cr3t" not in f"{url} {url!r} {url.sqlalchemy!r} {url.masked(f'refused: {text}')}"
    assert "***" in str(url)
    assert "s3cr3t" in url.sqlalchemy
    assert "s3cr3t" not in repr(make_url(url.sqlalchemy).set(query={}))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:s3cr3t@",
        "oracle://user:s3cr3t@h/test",
        "postgresql://u:s3cr3t@[h/test",
        "postgresql://u:s3cr3t#x@h/test",
        "postgresql://u:s3cr3t/x@h/test",
        "postgresql://u:s3cr3t?x@h/test",
        "postgresql://u:1#s3cr3t@h/test",
        "postgresql://u:1/s3cr3t@h/test",
        "postgresql://u:1?s3cr3t@h/test",
        "postgresql://u:s3cr3t",
    ],
)
def test_an_error_never_shows_a_password(text: str) -> None:
    """Also when the URL can't be understood."""
    with pytest.raises(ConfigError) as caught:
        DatabaseUrl.parse(text)
    assert "s3cr3t" not in str(caught.value)


def test_a_renamed_url_keeps_everything_else() -> None:
    """Only the database changes, also when it was a parameter."""
    url = DatabaseUrl.parse("postgresql+psycopg2://u:p%40@h:5433/x?dbname=a_test&sslmode=require")
    expected = "postgresql://u:p%40@h:5433/b_test?sslmode=require"
    assert expected == url.renamed("b_test").text("postgresql")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://h/t", ("h", 5432)),
        ("postgresql://h:6000/t", ("h", 6000)),
        ("postgresql://u@/t?host=/tmp/s&port=7", ("/tmp/s", 7)),
        ("postgresql://%2Ftmp%2Fs/t", ("/tmp/s", 5432)),
        ("postgresql:///t", None),
        ("postgresql://a:1,b:2/t", None),
    ],
)
def test_the_address_to_probe(text: str, expected: tuple[str, int] | None) -> None:
    """Host and port wherever they are written; unknown where libpq chooses."""
    assert expected == DatabaseUrl.parse(text).address(5432)


def test_the_parts_by_the_names_of_libpq() -> None:
    """Projects that build their URL themselves leave the server to PGHOST and its siblings."""
    parts = postgresql.variables(DatabaseUrl.parse("postgresql://me:p%40@/a_test?host=/tmp/s&port=7"))

    expected = {
        "PGHOST": "/tmp/s",
        "PGPORT": "7",
        "PGDATABASE": "a_test",
        "PGUSER": "me",
        "PGPASSWORD": "p@",
    }
    assert expected == parts
