"""What customers are shown about their orders; slow in the way such code is slow in life."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from shop.models import Customer, Product
from shop.orders import order_history, place_order

pytestmark = pytest.mark.schema

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ORDERS = 40
LINES = 5


@contextmanager
def counted_statements(connection: Connection) -> Iterator[list[str]]:
    """Yield a list that fills with the statements sent over a connection."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.fixture
def regular(
    session: Session, make_customer: Callable[..., Customer], make_product: Callable[..., Product]
) -> int:
    """Return the id of a customer with 40 orders of five products each."""
    customer = make_customer()
    catalogue = [
        make_product(f"Product {number}", price_cents=100 + number, on_hand=ORDERS) for number in range(60)
    ]
    for number in range(ORDERS):
        cart = {catalogue[(number * 3 + line) % len(catalogue)].sku: 1 for line in range(LINES)}
        place_order(session, customer, cart, now=START + dt.timedelta(days=number))
    session.commit()
    identifier = customer.id
    session.expunge_all()
    return identifier


def test_history_reads_every_line_of_every_order(session: Session, regular: int) -> None:
    """The whole history adds up, line by line, to the totals of its orders."""
    history = order_history(session, regular)
    spent = sum(line.quantity * line.unit_price_cents for order in history for line in order.lines)
    names = {line.product.name for order in history for line in order.lines}
    assert spent == sum(order.total_cents for order in history)
    assert len(names) == 60


def test_history_sends_a_statement_for_each_order(
    session: Session, schema_isolation: Connection, regular: int
) -> None:
    """Lines are loaded order by order: 1 statement for the orders and 1 for each one's lines."""
    with counted_statements(schema_isolation) as statements:
        lines = [line.quantity for order in order_history(session, regular) for line in order.lines]
    assert len(lines) == ORDERS * LINES
    assert len([statement for statement in statements if "FROM order_lines" in statement]) == ORDERS
