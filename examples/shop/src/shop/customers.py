"""Accounts."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ConflictError, CredentialsError, NotFoundError
from shop.models import Customer
from shop.passwords import hash_password, verify_password


def register(session: Session, *, email: str, name: str, password: str) -> Customer:
    """Open an account.

    Raises:
        ConflictError: there is an account with this e-mail address.
    """
    customer = Customer(email=email, name=name, password_hash=hash_password(password))
    try:
        with session.begin_nested():
            session.add(customer)
    except IntegrityError as error:
        raise ConflictError("there is an account with this e-mail address") from error
    return customer


def sign_in(session: Session, *, email: str, password: str) -> Customer:
    """Return the customer whose e-mail address and password these are.

    Raises:
        CredentialsError: nobody's.
    """
    query = select(Customer).where(func.lower(Customer.email) == func.lower(email))
    customer = session.scalars(query).one_or_none()
    if customer is None or not verify_password(password, customer.password_hash):
        raise CredentialsError("the e-mail address and the password don't belong together")
    return customer


def customer_by_id(session: Session, customer_id: int) -> Customer:
    """Return the customer.

    Raises:
        NotFoundError: no such customer.
    """
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFoundError(f"there is no customer {customer_id}")
    return customer
