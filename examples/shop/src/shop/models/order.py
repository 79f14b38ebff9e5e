"""Orders and their lines. The database computes every total."""

import datetime as dt
import enum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    Index,
    Sequence,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, Identifier
from shop.models.catalogue import Product
from shop.models.customer import Customer


class OrderStatus(enum.StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


ORDER_NUMBERS = Sequence("order_number_seq", metadata=Base.metadata)
NEXT_ORDER_NUMBER = text("'S' || lpad(nextval('order_number_seq')::text, 8, '0')")


class Order(Base):
    """What a customer bought at one time; `total_cents` is kept by a trigger on the lines."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_cents >= 0", name="total_not_negative"),
        Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),
    )

    id: Mapped[Identifier]
    number: Mapped[str] = mapped_column(unique=True, server_default=NEXT_ORDER_NUMBER)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customers.id", ondelete="RESTRICT"))
    status: Mapped[OrderStatus] = mapped_column(
        Enum(
            OrderStatus,
            name="order_status",
            native_enum=False,
            create_constraint=True,
            length=16,
            values_callable=lambda kind: [member.value for member in kind],
        ),
        default=OrderStatus.PLACED,
        server_default=text("'placed'"),
    )
    total_cents: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), server_onupdate=FetchedValue()
    )
    placed_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    customer: Mapped[Customer] = relationship()
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", passive_deletes=True, cascade="all, delete-orphan", order_by="OrderLine.id"
    )


class OrderLine(Base):
    """So many of one product at the price of that day."""

    __tablename__ = "order_lines"
    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price_cents >= 0", name="unit_price_not_negative"),
    )

    id: Mapped[Identifier]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("products.id", ondelete="RESTRICT"), index=True
    )
    quantity: Mapped[int]
    unit_price_cents: Mapped[int]
    total_cents: Mapped[int] = mapped_column(
        BigInteger, Computed("quantity::bigint * unit_price_cents", persisted=True)
    )

    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()
