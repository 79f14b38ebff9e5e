"""What customers think of products."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, CreatedAt, Identifier
from shop.models.catalogue import Product
from shop.models.customer import Customer


class Review(Base):
    """One customer's rating of one product."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("product_id", "customer_id"),
        CheckConstraint("rating between 1 and 5", name="rating_in_range"),
    )

    id: Mapped[Identifier]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customers.id", ondelete="CASCADE"), index=True
    )
    rating: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[CreatedAt]

    product: Mapped[Product] = relationship()
    customer: Mapped[Customer] = relationship()
