"""Orders."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path

from shop import orders
from shop.customers import customer_by_id
from shop.models import Order
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import LARGEST_ID, OrderIn, OrderNumber, OrderOut

router = APIRouter(tags=["orders"])


@router.post("/orders", status_code=201, response_model=OrderOut, responses=refusals(404, 409))
def place_order(new: OrderIn, session: RequestSession) -> Order:
    """Order products; lines of the same product are added up."""
    customer = customer_by_id(session, new.customer_id)
    quantities: Counter[str] = Counter()
    for line in new.lines:
        quantities[line.sku] += line.quantity
    order = orders.place_order(session, customer, quantities, now=dt.datetime.now(dt.UTC))
    session.commit()
    return order


@router.get("/customers/{customer_id}/orders", response_model=list[OrderOut], responses=refusals(404))
def list_orders(
    customer_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], session: RequestSession
) -> Sequence[Order]:
    """List a customer's orders with their lines, the newest first."""
    customer_by_id(session, customer_id)
    return orders.order_history(session, customer_id)


@router.get("/orders/{number}", response_model=OrderOut, responses=refusals(404))
def read_order(number: OrderNumber, session: RequestSession) -> Order:
    """Show an order."""
    return orders.order_by_number(session, number)


@router.post("/orders/{number}/cancellation", response_model=OrderOut, responses=refusals(404, 409))
def cancel_order(number: OrderNumber, session: RequestSession) -> Order:
    """Cancel an order."""
    order = orders.order_by_number(session, number)
    orders.cancel_order(session, order)
    session.commit()
    return order


@router.post("/orders/{number}/shipment", response_model=OrderOut, responses=refusals(404, 409))
def ship_order(number: OrderNumber, session: RequestSession) -> Order:
    """Send a paid order off."""
    order = orders.order_by_number(session, number)
    orders.ship_order(session, order)
    session.commit()
    return order
