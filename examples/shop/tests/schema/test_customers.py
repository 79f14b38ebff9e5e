"""Accounts and addresses."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.customers import register
from shop.errors import ConflictError
from shop.models import Address, Customer, Order

pytestmark = pytest.mark.schema

MakeCustomer = Callable[..., Customer]


def address(
    customer: Customer, label: str = "home", *, country: str = "DE", default: bool = False
) -> Address:
    """Build an address of a customer."""
    return Address(
        customer_id=customer.id, label=label, street="1 Way", city="Ulm", country=country, is_default=default
    )


def test_registered_customer_starts_without_points(session: Session) -> None:
    """The database fills in what registration doesn't say."""
    customer = register(session, email="grace@example.org", name="Grace", password="long enough")
    session.commit()
    assert customer.loyalty_points == 0
    assert customer.created_at is not None


def test_email_is_unique_whatever_its_case(session: Session, make_customer: MakeCustomer) -> None:
    """Two accounts can't differ in the case of their e-mail address only."""
    make_customer("ada@example.org")
    with pytest.raises(IntegrityError, match="uq_customers_email_lower"):
        make_customer("ADA@Example.org")


def test_second_registration_is_refused_and_leaves_one_account(session: Session) -> None:
    """A refused registration doesn't spoil the transaction it ran in."""
    register(session, email="grace@example.org", name="Grace", password="long enough")
    with pytest.raises(ConflictError):
        register(session, email="Grace@example.org", name="Other", password="long enough")
    session.commit()
    names = session.scalars(select(Customer.name).where(func.lower(Customer.email) == "grace@example.org"))
    assert names.all() == ["Grace"]


@pytest.mark.parametrize("email", ["nobody", "@example.org", " "])
def test_email_needs_a_part_before_the_at_sign(make_customer: MakeCustomer, email: str) -> None:
    """The database refuses what can't be an e-mail address."""
    with pytest.raises(IntegrityError, match="ck_customers_email_has_at_sign"):
        make_customer(email)


def test_points_never_fall_below_zero(session: Session, make_customer: MakeCustomer) -> None:
    """A customer can't spend points that they don't have."""
    make_customer().loyalty_points = -1
    with pytest.raises(IntegrityError, match="ck_customers_loyalty_points_not_negative"):
        session.flush()


def test_label_of_an_address_is_unique_for_its_customer(
    session: Session, make_customer: MakeCustomer
) -> None:
    """One customer has one "home"; another may have one too."""
    first, second = make_customer(), make_customer()
    session.add_all([address(first), address(second)])
    session.flush()
    session.add(address(first))
    with pytest.raises(IntegrityError, match="uq_addresses_customer_id_label"):
        session.flush()


def test_customer_has_at_most_one_default_address(session: Session, make_customer: MakeCustomer) -> None:
    """Any number of addresses, one of them the default."""
    customer = make_customer()
    session.add_all(
        [address(customer, "home", default=True), address(customer, "work"), address(customer, "mum")]
    )
    session.flush()
    session.add(address(customer, "boat", default=True))
    with pytest.raises(IntegrityError, match="uq_addresses_default"):
        session.flush()


@pytest.mark.parametrize("country", ["de", "DEU", "D1"])
def test_country_is_two_capital_letters(session: Session, make_customer: MakeCustomer, country: str) -> None:
    """Countries are ISO 3166 codes."""
    session.add(address(make_customer(), country=country))
    with pytest.raises(IntegrityError, match="ck_addresses_country_is_two_letters"):
        session.flush()


def test_addresses_go_with_their_customer(session: Session, make_customer: MakeCustomer) -> None:
    """Deleting a customer deletes their addresses in the database."""
    customer = make_customer()
    session.add(address(customer))
    session.commit()
    session.delete(customer)
    session.commit()
    remaining = select(func.count()).select_from(Address).where(Address.customer_id == customer.id)
    assert session.scalar(remaining) == 0


def test_customer_with_an_order_can_not_be_deleted(
    session: Session, make_order: Callable[..., Order]
) -> None:
    """Orders outlive the wish to forget who placed them."""
    order = make_order()
    session.delete(order.customer)
    with pytest.raises(IntegrityError, match="fk_orders_customer_id_customers"):
        session.flush()
