"""Search by meaning: the products whose vectors are nearest to a text or to another product."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Float, Select, select, text
from sqlalchemy.orm import Session

from shop.embedding import NoWordsError, embed
from shop.errors import NotFoundError
from shop.models import Category, Product, ProductEmbedding


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit has to fulfil besides being near."""

    category: str | None = None
    max_price_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A product and its cosine distance: 0 is the same direction, 1 has nothing in common."""

    product: Product
    distance: float


def search(
    session: Session, query: str, *, filters: Filters | None = None, limit: int = 10
) -> tuple[Hit, ...]:
    """Return the active products nearest to `query`; none if it holds no words."""
    try:
        vector = embed(query)
    except NoWordsError:
        return ()
    return _hits(session, nearest(vector, filters=filters, limit=limit))


def similar(session: Session, product: Product, *, limit: int = 5) -> tuple[Hit, ...]:
    """Return the active products nearest to `product`, without itself.

    Raises:
        NotFoundError: the product has no vector.
    """
    embedding = session.get(ProductEmbedding, product.id, populate_existing=True)
    if embedding is None:
        raise NotFoundError(f"{product.sku} has no vector")
    query = nearest(as_floats(embedding.vector), limit=limit).where(Product.id != product.id)
    return _hits(session, query)


def nearest(
    vector: list[float], *, filters: Filters | None = None, limit: int = 10
) -> "Select[Product, float]":
    """Return the query for the active products nearest to `vector`; equally near ones in the order of ids."""
    distance = ProductEmbedding.vector.op("<=>", return_type=Float())(vector)
    query = (
        select(Product, distance)
        .join(ProductEmbedding, ProductEmbedding.product_id == Product.id)
        .where(Product.active)
        .order_by(distance, Product.id)
        .limit(limit)
    )
    filters = filters or Filters()
    if filters.category is not None:
        query = query.join(Product.category).where(Category.slug == filters.category)
    if filters.max_price_cents is not None:
        query = query.where(Product.price_cents <= filters.max_price_cents)
    return query


def as_floats(vector: Sequence[float]) -> list[float]:
    """Return a vector as the driver gave it, whatever its class, as plain numbers."""
    return [float(component) for component in vector]


def _hits(session: Session, query: "Select[Product, float]") -> tuple[Hit, ...]:
    # Without this, an index scan that meets many filtered rows ends before the limit is reached.
    session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
    return tuple(Hit(product=product, distance=distance) for product, distance in session.execute(query))
