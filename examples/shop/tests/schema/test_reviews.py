"""Reviews."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ConflictError
from shop.models import Customer, Product, Review
from shop.reviews import RatingSummary, add_review, rating_summary, reviews_of

pytestmark = pytest.mark.schema

MakeCustomer = Callable[..., Customer]
MakeProduct = Callable[..., Product]


@pytest.mark.parametrize("rating", [0, 6])
def test_rating_is_one_to_five(
    session: Session, make_product: MakeProduct, make_customer: MakeCustomer, rating: int
) -> None:
    """The database refuses other ratings."""
    values = {"product_id": make_product().id, "customer_id": make_customer().id, "rating": rating}
    with pytest.raises(IntegrityError, match="ck_reviews_rating_in_range"):
        session.execute(insert(Review).values(values))


def test_customer_reviews_a_product_once(
    session: Session, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    """A second opinion is refused; other customers and other products are unaffected."""
    first, second = make_product(), make_product()
    customer = make_customer()
    add_review(session, first, customer, rating=5, body="")
    with pytest.raises(ConflictError):
        add_review(session, first, customer, rating=1, body="")
    add_review(session, second, customer, rating=4, body="")
    add_review(session, first, make_customer(), rating=3, body="")
    session.commit()
    assert rating_summary(session, first) == RatingSummary(count=2, average=4.0)


def test_average_is_rounded_to_two_places(
    session: Session, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    """Two fives and a four are 4.67."""
    product = make_product()
    for rating in (5, 5, 4):
        add_review(session, product, make_customer(), rating=rating, body="")
    assert rating_summary(session, product) == RatingSummary(count=3, average=4.67)


def test_product_without_reviews_has_no_average(session: Session, make_product: MakeProduct) -> None:
    """Nobody's opinion isn't a zero."""
    assert rating_summary(session, make_product()) == RatingSummary(count=0, average=None)


def test_newest_review_comes_first(
    session: Session, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    """Within one moment, the later id counts as newer."""
    product = make_product()
    for body in ("first", "second", "third"):
        add_review(session, product, make_customer(), rating=3, body=body)
    assert [review.body for review in reviews_of(session, product)] == ["third", "second", "first"]


def test_reviews_go_with_their_customer(
    session: Session, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    """Deleting an account deletes what it wrote."""
    product, customer = make_product(), make_customer()
    add_review(session, product, customer, rating=5, body="")
    session.commit()
    session.delete(customer)
    session.commit()
    left = select(func.count()).select_from(Review).where(Review.product_id == product.id)
    assert session.scalar(left) == 0
