"""Stock."""

from fastapi import APIRouter

from shop import stock
from shop.catalogue import product_by_sku
from shop.models import Stock
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import DeliveryIn, Sku, StockOut

router = APIRouter(tags=["stock"])


@router.get("/products/{sku}/stock", response_model=StockOut, responses=refusals(404))
def read_stock(sku: Sku, session: RequestSession) -> Stock:
    """Show how many there are of a product."""
    return stock.stock_of(session, product_by_sku(session, sku).id)


@router.post("/products/{sku}/deliveries", response_model=StockOut, responses=refusals(404))
def receive_delivery(sku: Sku, delivery: DeliveryIn, session: RequestSession) -> Stock:
    """Put goods that have arrived on the shelf."""
    product = product_by_sku(session, sku)
    stock.receive(session, product.id, delivery.quantity)
    session.commit()
    return stock.stock_of(session, product.id)
