"""Customers and where they want their orders sent."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, CreatedAt, Identifier


class Customer(Base):
    """A person with an account; two accounts never share an e-mail address, whatever its case."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("position('@' in email) > 1", name="email_has_at_sign"),
        CheckConstraint("loyalty_points >= 0", name="loyalty_points_not_negative"),
    )

    id: Mapped[Identifier]
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    loyalty_points: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]

    addresses: Mapped[list["Address"]] = relationship(
        back_populates="customer", passive_deletes=True, cascade="all, delete-orphan"
    )


Index("uq_customers_email_lower", func.lower(Customer.email), unique=True)


class Address(Base):
    """One of a customer's labelled addresses, at most one of them the default."""

    __tablename__ = "addresses"
    __table_args__ = (
        UniqueConstraint("customer_id", "label"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_two_letters"),
        Index("uq_addresses_default", "customer_id", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[Identifier]
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customers.id", ondelete="CASCADE"))
    label: Mapped[str]
    street: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))

    customer: Mapped[Customer] = relationship(back_populates="addresses")
