"""What customers are shown about their orders; slow in the way such code is slow in life."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from shop.models import Customer, Product
from shop.orders import order_history, place_order

pytestmark = pytest.mark.schema

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ORDERS = 25
LINES = 4
PRODUCTS = 30


@pytest.fixture
def regular(
    session: Session, make_customer: Callable[..., Customer], make_product: Callable[..., Product]
) -> int:
    """Return the id of a customer with 25 orders of four products each."""
    customer = make_customer()
    catalogue = [
        make_product(f"Product {number}", price_cents=100 + number, on_hand=ORDERS)
        for number in range(PRODUCTS)
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
    assert len(names) == PRODUCTS


def test_history_runs_backwards_without_a_gap(session: Session, regular: int) -> None:
    """One order a day, the newest first, each with all of its lines."""
    history = order_history(session, regular)
    days = [START + dt.timedelta(days=number) for number in reversed(range(ORDERS))]
    assert [order.placed_at for order in history] == days
    assert {len(order.lines) for order in history} == {LINES}
