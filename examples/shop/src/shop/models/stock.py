"""How many of each product there are, and the ledger that explains the number."""

from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, CreatedAt, Identifier
from shop.models.catalogue import Product

MovementReason = Literal["opening", "delivery", "shipment", "return"]


class Stock(Base):
    """What is on the shelf and how much of it is promised; the difference is computed by the database."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("reserved <= on_hand", name="reserved_at_most_on_hand"),
    )

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    on_hand: Mapped[int] = mapped_column(server_default=text("0"))
    reserved: Mapped[int] = mapped_column(server_default=text("0"))
    available: Mapped[int] = mapped_column(Integer, Computed("on_hand - reserved", persisted=True))

    product: Mapped[Product] = relationship()


class StockMovement(Base):
    """One change of what is on the shelf; all of a product's movements add up to its stock."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("reason in ('opening', 'delivery', 'shipment', 'return')", name="reason_known"),
    )

    id: Mapped[Identifier]
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stock.product_id", ondelete="CASCADE"), index=True
    )
    quantity: Mapped[int]
    reason: Mapped[MovementReason] = mapped_column(String(16))
    created_at: Mapped[CreatedAt]
