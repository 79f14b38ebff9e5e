"""Migrations: every revision up and down on a database of its own, and no drift from the models."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, pool, text

from shop import migrate
from shop.models import Base
from shop.testing import ServedDatabase, scratch_database

pytestmark = pytest.mark.schema

REVISIONS = migrate.revisions()
NEW_TABLES = {
    "0001_initial": {
        "addresses",
        "categories",
        "customers",
        "order_lines",
        "orders",
        "payments",
        "products",
        "stock",
    },
    "0002_reviews": {"reviews"},
    "0003_embeddings": {"product_embeddings"},
    "0004_promotions_outbox": {"promotions", "outbox"},
    "0005_order_numbers": set[str](),
    "0006_stock_ledger": {"stock_movements"},
}


@pytest.fixture
def empty_database(paceline_database: ServedDatabase) -> Iterator[str]:
    """Yield the URL of an empty database."""
    with scratch_database(paceline_database.url) as url:
        yield url


def connect(url: str) -> Engine:
    """Return an engine that keeps no connection open."""
    return create_engine(url, poolclass=pool.NullPool)


def tables(url: str) -> set[str]:
    """Return the names of the tables, without Alembic's own."""
    return set(inspect(connect(url)).get_table_names()) - {"alembic_version"}


def layout(url: str) -> list[tuple[str, ...]]:
    """Return every column, constraint, index, trigger and sequence of a database, sorted."""
    query = text(
        """
        SELECT 'column', table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
               || ' ' || coalesce(column_default, generation_expression, '')
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT 'trigger', tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = 'public'
        ORDER BY 1, 2
        """
    )
    with connect(url).connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_revisions_form_one_line() -> None:
    """The tests below know every revision there is."""
    assert list(NEW_TABLES) == list(REVISIONS)


@pytest.mark.parametrize("revision", REVISIONS)
def test_upgrade_from_nothing_reaches_each_revision(empty_database: str, revision: str) -> None:
    """An empty database comes up to any revision and holds the tables of all revisions so far."""
    migrate.upgrade(empty_database, revision)
    expected = set[str]().union(
        *(NEW_TABLES[earlier] for earlier in REVISIONS[: REVISIONS.index(revision) + 1])
    )
    assert tables(empty_database) == expected


@pytest.mark.parametrize(("before", "revision"), list(zip(("base", *REVISIONS), REVISIONS, strict=False)))
def test_downgrade_takes_back_exactly_what_the_upgrade_did(
    empty_database: str, before: str, revision: str
) -> None:
    """Down and up again from each revision leads to the same layout, and so does down alone."""
    if before != "base":
        migrate.upgrade(empty_database, before)
    without = [row for row in layout(empty_database) if "alembic_version" not in row[1]]
    migrate.upgrade(empty_database, revision)
    upgraded = layout(empty_database)
    migrate.downgrade(empty_database, before)
    assert [row for row in layout(empty_database) if "alembic_version" not in row[1]] == without
    migrate.upgrade(empty_database, revision)
    assert layout(empty_database) == upgraded


def test_whole_way_down_leaves_nothing(empty_database: str) -> None:
    """Downgrading to base drops every table and function."""
    migrate.upgrade(empty_database)
    migrate.downgrade(empty_database, "base")
    functions = text("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_order_total'")
    with connect(empty_database).connect() as connection:
        assert connection.scalar(functions) == 0
    assert tables(empty_database) == set()


def test_migrations_and_models_agree(schema_isolation: Connection) -> None:
    """Alembic finds nothing to do between the migrated database and the models."""
    context = MigrationContext.configure(schema_isolation, opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []


def test_drift_would_be_noticed(schema_isolation: Connection) -> None:
    """A column that only the database has is reported, so the test above can fail."""
    schema_isolation.execute(text("ALTER TABLE products ADD COLUMN surplus integer"))
    context = MigrationContext.configure(schema_isolation, opts={"compare_type": True})
    ((operation, _schema, table, column),) = compare_metadata(context, Base.metadata)
    assert (operation, table, column.name) == ("remove_column", "products", "surplus")


def test_models_alone_create_the_same_constraints(
    empty_database: str, paceline_database: ServedDatabase
) -> None:
    """`create_all` and the migrations agree on what Alembic doesn't compare: checks and exclusions."""
    engine = connect(empty_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
        Base.metadata.create_all(connection)
    migrated = layout(paceline_database.url)
    expected = [row for row in migrated if row[0] == "constraint" and "alembic_version" not in row[1]]
    assert [row for row in layout(empty_database) if row[0] == "constraint"] == expected


def test_scratch_database_is_gone_afterwards(paceline_database: ServedDatabase) -> None:
    """What the migration tests make on the server doesn't pile up."""
    with scratch_database(paceline_database.url) as url:
        name = make_url(url).database
        assert exists(paceline_database.url, name)
    assert not exists(paceline_database.url, name)


def exists(url: str, name: str | None) -> bool:
    """Tell whether the server of `url` has a database called `name`."""
    with connect(url).connect() as connection:
        found = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
    return found is not None
