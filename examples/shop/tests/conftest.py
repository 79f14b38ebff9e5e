"""Builders that every suite uses, and databases beside the one that Paceline provides."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import pytest
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from shop import migrate
from shop.catalogue import NewProduct, add_product
from shop.models import Customer, Order, Product
from shop.orders import place_order
from shop.stock import receive
from shop.testing import ServedDatabase, scratch_database

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def session(integration_session: Session) -> Session:
    """Return the session of the test's own transaction."""
    return integration_session


@pytest.fixture
def make_customer(session: Session) -> Callable[..., Customer]:
    """Return a builder of customers, whose password can't be matched."""
    numbers = count(1)

    def build(email: str | None = None, name: str = "Ada Byron") -> Customer:
        customer = Customer(email=email or f"ada{next(numbers)}@example.org", name=name, password_hash="-")
        session.add(customer)
        session.flush()
        return customer

    return build


@pytest.fixture
def make_product(session: Session) -> Callable[..., Product]:
    """Return a builder of products with something on the shelf."""
    numbers = count(1)

    def build(
        name: str = "Blue teapot",
        description: str = "",
        *,
        price_cents: int = 1_000,
        category: str = "kitchen",
        on_hand: int = 10,
    ) -> Product:
        new = NewProduct(
            sku=f"TST-{next(numbers):05}",
            name=name,
            description=description,
            price_cents=price_cents,
            category=category,
        )
        product = add_product(session, new)
        if on_hand:
            receive(session, product.id, on_hand)
        return product

    return build


@pytest.fixture
def make_order(
    session: Session, make_customer: Callable[..., Customer], make_product: Callable[..., Product]
) -> Callable[..., Order]:
    """Return a builder of orders of one product; without arguments, two teapots at 10.00."""

    def build(product: Product | None = None, quantity: int = 2, now: dt.datetime = NOON) -> Order:
        ordered = product or make_product()
        return place_order(session, make_customer(), {ordered.sku: quantity}, now=now)

    return build


@pytest.fixture(scope="session")
def migrated_template(paceline_database: ServedDatabase) -> Iterator[str]:
    """Yield the name of a migrated database without rows, to be copied."""
    with scratch_database(paceline_database.url) as url:
        migrate.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture(scope="session")
def migrated_copy(
    paceline_database: ServedDatabase, migrated_template: str
) -> Callable[[], AbstractContextManager[str]]:
    """Return a context manager that yields the URL of a new copy of the migrated database."""
    return lambda: scratch_database(paceline_database.url, template=migrated_template)
