"""The meaning of a product's text as a point in space."""

from collections.abc import Sequence

from pgvector.sqlalchemy import Vector
from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.embedding import DIMENSIONS
from shop.models.base import Base, CreatedAt
from shop.models.catalogue import Product


class ProductEmbedding(Base):
    """A product's vector and the name of the embedder that made it."""

    __tablename__ = "product_embeddings"
    __table_args__ = (
        Index(
            "ix_product_embeddings_vector",
            "vector",
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 64},
            postgresql_ops={"vector": "vector_cosine_ops"},
        ),
    )

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    embedder: Mapped[str]
    vector: Mapped[Sequence[float]] = mapped_column(Vector(DIMENSIONS))
    created_at: Mapped[CreatedAt]

    product: Mapped[Product] = relationship()
