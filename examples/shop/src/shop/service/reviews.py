"""Reviews."""

from fastapi import APIRouter

from shop import reviews
from shop.catalogue import product_by_sku
from shop.customers import customer_by_id
from shop.models import Review
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import ReviewIn, ReviewList, ReviewOut, Sku

router = APIRouter(tags=["reviews"])


@router.get("/products/{sku}/reviews", responses=refusals(404))
def list_reviews(sku: Sku, session: RequestSession) -> ReviewList:
    """Show a product's reviews, the newest first."""
    product = product_by_sku(session, sku)
    summary = reviews.rating_summary(session, product)
    return ReviewList(
        count=summary.count,
        average=summary.average,
        reviews=[ReviewOut.model_validate(review) for review in reviews.reviews_of(session, product)],
    )


@router.post(
    "/products/{sku}/reviews", status_code=201, response_model=ReviewOut, responses=refusals(404, 409)
)
def add_review(sku: Sku, new: ReviewIn, session: RequestSession) -> Review:
    """Review a product."""
    product = product_by_sku(session, sku)
    customer = customer_by_id(session, new.customer_id)
    review = reviews.add_review(session, product, customer, rating=new.rating, body=new.body)
    session.commit()
    return review
