"""Stock: reserve, release, ship and receive. Each change of the shelf is written into the ledger."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.errors import NotFoundError, OutOfStockError
from shop.models import MovementReason, Stock, StockMovement


def stock_of(session: Session, product_id: int) -> Stock:
    """Return the product's stock as this transaction sees it.

    Raises:
        NotFoundError: the product has no stock record.
    """
    stock = session.get(Stock, product_id)
    if stock is None:
        raise NotFoundError(f"there is no stock record for product {product_id}")
    return stock


def lock_stock(session: Session, product_id: int) -> Stock:
    """Return the product's stock, locked against other transactions until this one ends.

    Raises:
        NotFoundError: the product has no stock record.
    """
    query = select(Stock).where(Stock.product_id == product_id).with_for_update()
    stock = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if stock is None:
        raise NotFoundError(f"there is no stock record for product {product_id}")
    return stock


def reserve(session: Session, product_id: int, quantity: int) -> None:
    """Promise `quantity` of a product to somebody.

    Raises:
        OutOfStockError: fewer are available.
    """
    stock = lock_stock(session, product_id)
    if stock.available < quantity:
        raise OutOfStockError(f"{quantity} wanted, {stock.available} available")
    stock.reserved += quantity
    session.flush()


def release(session: Session, product_id: int, quantity: int) -> None:
    """Take a promise back."""
    lock_stock(session, product_id).reserved -= quantity
    session.flush()


def ship(session: Session, product_id: int, quantity: int) -> None:
    """Send off what was reserved."""
    stock = lock_stock(session, product_id)
    stock.reserved -= quantity
    _move(session, stock, -quantity, "shipment")


def receive(session: Session, product_id: int, quantity: int, reason: MovementReason = "delivery") -> None:
    """Put `quantity` of a product on the shelf."""
    _move(session, lock_stock(session, product_id), quantity, reason)


def _move(session: Session, stock: Stock, quantity: int, reason: MovementReason) -> None:
    stock.on_hand += quantity
    session.add(StockMovement(product_id=stock.product_id, quantity=quantity, reason=reason))
    session.flush()
