"""The catalogue."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from shop import catalogue
from shop.catalogue import NewProduct
from shop.models import Product
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import ProductChange, ProductIn, ProductOut, Sku, Slug

router = APIRouter(tags=["products"])


@router.get("/products", response_model=list[ProductOut])
def list_products(
    session: RequestSession,
    category: Slug | None = None,
    after: Sku | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Sequence[Product]:
    """List a page of the active products in the order of their SKUs."""
    return catalogue.active_products(session, category=category, after=after or "", limit=limit)


@router.post("/products", status_code=201, response_model=ProductOut, responses=refusals(404, 409))
def add_product(new: ProductIn, session: RequestSession) -> Product:
    """Add a product."""
    product = catalogue.add_product(session, NewProduct(**new.model_dump()))
    session.commit()
    return product


@router.get("/products/{sku}", response_model=ProductOut, responses=refusals(404))
def read_product(sku: Sku, session: RequestSession) -> Product:
    """Show a product, also one that isn't sold any more."""
    return catalogue.product_by_sku(session, sku)


@router.patch("/products/{sku}", response_model=ProductOut, responses=refusals(404))
def change_product(sku: Sku, change: ProductChange, session: RequestSession) -> Product:
    """Change a product."""
    product = catalogue.product_by_sku(session, sku)
    catalogue.change_product(session, product, **change.model_dump(exclude_unset=True))
    session.commit()
    return product
