"""Two transactions that meet. They need real commits, so they work on a copy of the database."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from shop import samples
from shop.errors import OutOfStockError
from shop.models import Customer, Order, Stock
from shop.orders import place_order
from shop.stock import reserve

pytestmark = pytest.mark.schema

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def sessions(migrated_copy: Callable[[], AbstractContextManager[str]]) -> Iterator[sessionmaker[Session]]:
    """Yield sessions on a database with a small catalogue, one of each product on the shelf."""
    with migrated_copy() as url:
        engine = create_engine(url)
        maker = sessionmaker(engine)
        with maker() as session:
            samples.seed(session, count=8, on_hand=1)
            session.commit()
        yield maker
        engine.dispose()


def test_last_one_is_sold_once(sessions: sessionmaker[Session]) -> None:
    """Of eight customers who buy the last kettle at the same time, one gets it."""
    together = threading.Barrier(8)

    def buy(number: int) -> bool:
        with sessions() as session:
            customer = Customer(email=f"buyer{number}@example.org", name="Buyer", password_hash="-")
            session.add(customer)
            session.commit()
            together.wait(timeout=10)
            try:
                place_order(session, customer, {"KIT-00001": 1}, now=NOON)
            except OutOfStockError:
                return False
            session.commit()
            return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(buy, range(8)))
    with sessions() as session:
        placed = session.scalar(select(func.count()).select_from(Order))
        reserved = session.scalar(select(func.sum(Stock.reserved)))
    assert sorted(outcomes) == [False] * 7 + [True]
    assert (placed, reserved) == (1, 1)


def test_orders_that_share_products_do_not_deadlock(sessions: sessionmaker[Session]) -> None:
    """Two carts with the same products in opposite order are both served, one after the other."""
    carts = [{"KIT-00001": 1, "GAR-00002": 1}, {"GAR-00002": 1, "KIT-00001": 1}] * 4
    together = threading.Barrier(len(carts))

    def buy(number: int) -> bool:
        with sessions() as session:
            customer = Customer(email=f"buyer{number}@example.org", name="Buyer", password_hash="-")
            session.add(customer)
            session.commit()
            together.wait(timeout=10)
            try:
                place_order(session, customer, carts[number], now=NOON)
            except OutOfStockError:
                return False
            session.commit()
            return True

    with ThreadPoolExecutor(len(carts)) as pool:
        outcomes = list(pool.map(buy, range(len(carts))))
    assert outcomes.count(True) == 1


def test_reservation_is_invisible_until_it_is_committed(sessions: sessionmaker[Session]) -> None:
    """Others see the shelf as it was until the buyer's transaction ends."""
    with sessions() as buyer, sessions() as other:
        product_id = buyer.scalars(select(Stock.product_id).limit(1)).one()
        reserve(buyer, product_id, 1)
        before = other.get_one(Stock, product_id).available
        other.rollback()
        buyer.commit()
        after = other.get_one(Stock, product_id).available
    assert (before, after) == (1, 0)
