"""Products: adding, changing and listing them. A product's vector follows its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.embedding import EMBEDDER, embed
from shop.errors import ConflictError, NotFoundError
from shop.models import Category, Product, ProductEmbedding, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """What has to be known to add a product."""

    sku: str
    name: str
    price_cents: int
    category: str
    description: str = ""


def add_product(session: Session, new: NewProduct) -> Product:
    """Add a product with an empty shelf and a vector.

    Raises:
        NotFoundError: no such category.
        ConflictError: the SKU is taken.
    """
    product = Product(
        sku=new.sku,
        name=new.name,
        description=new.description,
        price_cents=new.price_cents,
        category=category_by_slug(session, new.category),
    )
    try:
        with session.begin_nested():
            session.add(product)
    except IntegrityError as error:
        raise ConflictError(f"the SKU {new.sku} is taken") from error
    session.add(Stock(product_id=product.id))
    session.flush()
    refresh_embedding(session, product)
    return product


def change_product(
    session: Session,
    product: Product,
    *,
    name: str | None = None,
    description: str | None = None,
    price_cents: int | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given; embed again if the text changed."""
    text_before = searchable_text(product)
    if name is not None:
        product.name = name
    if description is not None:
        product.description = description
    if price_cents is not None:
        product.price_cents = price_cents
    if active is not None:
        product.active = active
    session.flush()
    if searchable_text(product) != text_before:
        refresh_embedding(session, product)


def refresh_embedding(session: Session, product: Product) -> None:
    """Write the vector of the product's present text, whether it had one or not."""
    vector = embed(searchable_text(product))
    statement = insert(ProductEmbedding).values(product_id=product.id, embedder=EMBEDDER, vector=vector)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProductEmbedding.product_id],
            set_={"embedder": statement.excluded.embedder, "vector": statement.excluded.vector},
        )
    )


def searchable_text(product: Product) -> str:
    """Return the text that a product is found by."""
    return f"{product.name} {product.description}"


def category_by_slug(session: Session, slug: str) -> Category:
    """Return the category.

    Raises:
        NotFoundError: no such category.
    """
    category = session.scalars(select(Category).where(Category.slug == slug)).one_or_none()
    if category is None:
        raise NotFoundError(f"there is no category {slug}")
    return category


def product_by_sku(session: Session, sku: str) -> Product:
    """Return the product, active or not.

    Raises:
        NotFoundError: no such product.
    """
    product = session.scalars(select(Product).where(Product.sku == sku)).one_or_none()
    if product is None:
        raise NotFoundError(f"there is no product {sku}")
    return product


def active_products(
    session: Session, *, category: str | None = None, after: str = "", limit: int = 50
) -> Sequence[Product]:
    """Return a page of the catalogue in the order of SKUs, beginning behind `after`."""
    query = select(Product).where(Product.active, Product.sku > after).order_by(Product.sku).limit(limit)
    if category is not None:
        query = query.join(Product.category).where(Category.slug == category)
    return session.scalars(query).all()
