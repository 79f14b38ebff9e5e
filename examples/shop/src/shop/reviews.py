"""Reviews of products."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ConflictError
from shop.models import Customer, Product, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSummary:
    """How a product is rated; `average` is None while nobody has."""

    count: int
    average: float | None


def add_review(session: Session, product: Product, customer: Customer, *, rating: int, body: str) -> Review:
    """Write a customer's review of a product.

    Raises:
        ConflictError: the customer has reviewed it before.
    """
    review = Review(product=product, customer=customer, rating=rating, body=body)
    try:
        with session.begin_nested():
            session.add(review)
    except IntegrityError as error:
        raise ConflictError("this customer has reviewed this product before") from error
    return review


def reviews_of(session: Session, product: Product) -> Sequence[Review]:
    """Return a product's reviews, the newest first."""
    query = select(Review).where(Review.product_id == product.id)
    return session.scalars(query.order_by(Review.created_at.desc(), Review.id.desc())).all()


def rating_summary(session: Session, product: Product) -> RatingSummary:
    """Return how many customers rated a product, and their average."""
    query = select(func.count(), func.avg(Review.rating)).where(Review.product_id == product.id)
    count, average = session.execute(query).one()
    return RatingSummary(count=count, average=None if average is None else round(float(average), 2))
