"""Orders: placing, cancelling, shipping and listing them."""

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import outbox, stock
from shop.catalogue import product_by_sku
from shop.errors import ConflictError, NotFoundError, TransitionError
from shop.models import Customer, Order, OrderLine, OrderStatus
from shop.pricing import current_discount, discounted

_NEXT: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PLACED: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


def place_order(
    session: Session, customer: Customer, quantities: Mapping[str, int], *, now: dt.datetime
) -> Order:
    """Order `quantities` (SKU to number) at today's prices and reserve them.

    Products are locked in the order of their SKUs, so that two orders never wait for each other.

    Raises:
        ConflictError: nothing is ordered, or a product isn't sold any more.
        NotFoundError: an unknown SKU.
        OutOfStockError: fewer are available.
    """
    if not quantities:
        raise ConflictError("an order needs at least one line")
    percent = current_discount(session, now)
    order = Order(customer=customer, placed_at=now)
    session.add(order)
    for sku, quantity in sorted(quantities.items()):
        product = product_by_sku(session, sku)
        if not product.active:
            raise ConflictError(f"{sku} isn't sold any more")
        session.flush()
        stock.reserve(session, product.id, quantity)
        price = discounted(product.price_cents, percent)
        order.lines.append(OrderLine(product=product, quantity=quantity, unit_price_cents=price))
    session.flush()
    session.refresh(order)
    outbox.publish(session, "order.placed", {"number": order.number, "total_cents": order.total_cents})
    return order


def cancel_order(session: Session, order: Order) -> None:
    """Cancel an order that hasn't been shipped and release what it reserved.

    Raises:
        TransitionError: it was shipped or cancelled before.
    """
    advance(order, OrderStatus.CANCELLED)
    for line in order.lines:
        stock.release(session, line.product_id, line.quantity)
    outbox.publish(session, "order.cancelled", {"number": order.number})


def ship_order(session: Session, order: Order) -> None:
    """Send a paid order off.

    Raises:
        TransitionError: it isn't paid, or it was shipped before.
    """
    advance(order, OrderStatus.SHIPPED)
    for line in order.lines:
        stock.ship(session, line.product_id, line.quantity)
    outbox.publish(session, "order.shipped", {"number": order.number})


def advance(order: Order, status: OrderStatus) -> None:
    """Move an order to `status`.

    Raises:
        TransitionError: no way leads there.
    """
    if status not in _NEXT[order.status]:
        raise TransitionError(f"a {order.status} order can't become {status}")
    order.status = status


def order_by_number(session: Session, number: str) -> Order:
    """Return the order.

    Raises:
        NotFoundError: no such order.
    """
    order = session.scalars(select(Order).where(Order.number == number)).one_or_none()
    if order is None:
        raise NotFoundError(f"there is no order {number}")
    return order


def order_history(session: Session, customer_id: int) -> Sequence[Order]:
    """Return a customer's orders, the newest first; lines and products are loaded when they are read."""
    query = select(Order).where(Order.customer_id == customer_id)
    return session.scalars(query.order_by(Order.placed_at.desc(), Order.id.desc())).all()
