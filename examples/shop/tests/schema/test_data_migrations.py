"""Migrations that move rows: what was there before is right afterwards."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, pool, text

from shop import migrate
from shop.testing import ServedDatabase, scratch_database

pytestmark = pytest.mark.schema

OLD_ROWS = """
INSERT INTO customers (email, name, password_hash) VALUES ('ada@example.org', 'Ada', '-');
INSERT INTO categories (slug, name) VALUES ('kitchen', 'Kitchen');
INSERT INTO products (sku, name, price_cents, category_id)
    SELECT 'OLD-000' || n, 'Product ' || n, 100, (SELECT id FROM categories) FROM generate_series(1, 3) AS n;
INSERT INTO stock (product_id, on_hand, reserved)
    SELECT id, CASE sku WHEN 'OLD-0001' THEN 7 WHEN 'OLD-0002' THEN 0 ELSE 3 END, 0 FROM products;
INSERT INTO orders (customer_id, placed_at) SELECT (SELECT id FROM customers), moment
    FROM unnest(ARRAY['2025-03-01', '2025-01-01', '2025-02-01']::timestamptz[]) AS moment;
"""


@pytest.fixture
def old_database(paceline_database: ServedDatabase) -> Iterator[str]:
    """Yield the URL of a database in the state before order numbers, with rows of that time."""
    with scratch_database(paceline_database.url) as url:
        migrate.upgrade(url, "0004_promotions_outbox")
        with connection_to(url) as connection:
            connection.execute(text(OLD_ROWS))
            connection.commit()
        yield url


def connection_to(url: str) -> Connection:
    """Return a connection that is closed for good when it is left."""
    return create_engine(url, poolclass=pool.NullPool).connect()


def test_old_orders_are_numbered_in_the_order_of_time(old_database: str) -> None:
    """The oldest order gets the first number, whatever its id."""
    migrate.upgrade(old_database, "0005_order_numbers")
    with connection_to(old_database) as connection:
        rows = connection.execute(text("SELECT number FROM orders ORDER BY placed_at")).scalars().all()
    assert rows == ["S00000001", "S00000002", "S00000003"]


def test_new_orders_continue_the_numbers(old_database: str) -> None:
    """The first order after the migration follows the last one before it."""
    migrate.upgrade(old_database, "0005_order_numbers")
    insert = text("INSERT INTO orders (customer_id) SELECT id FROM customers RETURNING number")
    with connection_to(old_database) as connection:
        assert connection.scalar(insert) == "S00000004"


def test_ledger_opens_with_what_is_on_the_shelf(old_database: str) -> None:
    """Products with an empty shelf have no opening balance, the others their number."""
    migrate.upgrade(old_database, "0006_stock_ledger")
    query = text(
        "SELECT sku, quantity, reason FROM stock_movements JOIN products ON products.id = product_id"
        " ORDER BY sku"
    )
    with connection_to(old_database) as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [("OLD-0001", 7, "opening"), ("OLD-0003", 3, "opening")]


def test_rows_survive_the_way_down(old_database: str) -> None:
    """Taking both data migrations back keeps orders and stock as they were."""
    migrate.upgrade(old_database)
    migrate.downgrade(old_database, "0004_promotions_outbox")
    with connection_to(old_database) as connection:
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 3
        assert connection.scalar(text("SELECT sum(on_hand) FROM stock")) == 10
