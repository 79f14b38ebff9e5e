"""Payments for orders."""

import datetime as dt
import enum

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Enum, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, CreatedAt, Identifier
from shop.models.order import Order


class PaymentStatus(enum.StrEnum):
    """Where a payment stands."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOIDED = "voided"


class Payment(Base):
    """Money promised or taken for an order; at most one payment of an order is captured."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint(
            "(captured_at is not null) = (status in ('captured', 'refunded'))",
            name="captured_at_goes_with_status",
        ),
        Index("uq_payments_captured", "order_id", unique=True, postgresql_where=text("status = 'captured'")),
    )

    id: Mapped[Identifier]
    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("orders.id", ondelete="RESTRICT"), index=True
    )
    reference: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[PaymentStatus] = mapped_column(
        Enum(
            PaymentStatus,
            name="payment_status",
            native_enum=False,
            create_constraint=True,
            length=16,
            values_callable=lambda kind: [member.value for member in kind],
        ),
        default=PaymentStatus.AUTHORIZED,
        server_default=text("'authorized'"),
    )
    created_at: Mapped[CreatedAt]
    captured_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))

    order: Mapped[Order] = relationship()
