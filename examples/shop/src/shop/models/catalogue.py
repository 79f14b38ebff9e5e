"""What the shop sells."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, CreatedAt, Identifier


class Category(Base):
    """A node in the tree of categories."""

    __tablename__ = "categories"
    __table_args__ = (CheckConstraint("parent_id <> id", name="not_its_own_parent"),)

    id: Mapped[Identifier]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("categories.id", ondelete="RESTRICT"), index=True
    )

    parent: Mapped["Category | None"] = relationship(remote_side="Category.id")


class Product(Base):
    """Something with a price; it is retired by making it inactive, not by deleting it."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_cents > 0", name="price_positive"),
        CheckConstraint("sku ~ '^[A-Z]{3}-[0-9]{4,6}$'", name="sku_format"),
    )

    id: Mapped[Identifier]
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    price_cents: Mapped[int]
    category_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("categories.id", ondelete="RESTRICT"), index=True
    )
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]

    category: Mapped[Category] = relationship()
