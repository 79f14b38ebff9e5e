"""Search by meaning."""

from typing import Annotated

from fastapi import APIRouter, Query

from shop import search
from shop.catalogue import product_by_sku
from shop.search import Filters, Hit
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import Cents, HitOut, Sku, Slug

router = APIRouter(tags=["search"])


@router.get("/products/search", response_model=list[HitOut])
def search_products(
    session: RequestSession,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    category: Slug | None = None,
    max_price_cents: Cents | None = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> tuple[Hit, ...]:
    """Find the active products nearest to a text."""
    filters = Filters(category=category, max_price_cents=max_price_cents)
    return search.search(session, q, filters=filters, limit=limit)


@router.get("/products/{sku}/similar", response_model=list[HitOut], responses=refusals(404))
def similar_products(
    sku: Sku, session: RequestSession, limit: Annotated[int, Query(ge=1, le=50)] = 5
) -> tuple[Hit, ...]:
    """Find the active products nearest to another."""
    return search.similar(session, product_by_sku(session, sku), limit=limit)
