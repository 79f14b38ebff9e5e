"""Stock, reservations and the ledger."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from shop.errors import OutOfStockError
from shop.models import Product, Stock, StockMovement
from shop.stock import receive, release, reserve, ship, stock_of

pytestmark = pytest.mark.schema

MakeProduct = Callable[..., Product]


def counts(session: Session, product: Product) -> tuple[int, int, int]:
    """Return what is on hand, reserved and available."""
    stock = stock_of(session, product.id)
    session.refresh(stock)
    return stock.on_hand, stock.reserved, stock.available


def test_available_is_computed_by_the_database(session: Session, make_product: MakeProduct) -> None:
    """What is available is what is on hand less what is reserved."""
    product = make_product(on_hand=10)
    reserve(session, product.id, 4)
    assert counts(session, product) == (10, 4, 6)


def test_available_can_not_be_written(session: Session, make_product: MakeProduct) -> None:
    """A generated column takes no value from outside."""
    change = update(Stock).where(Stock.product_id == make_product().id).values(available=1_000)
    with pytest.raises(ProgrammingError, match="can only be updated to DEFAULT"):
        session.execute(change)


def test_more_than_available_is_refused(session: Session, make_product: MakeProduct) -> None:
    """A refused reservation changes nothing."""
    product = make_product(on_hand=3)
    reserve(session, product.id, 2)
    with pytest.raises(OutOfStockError, match="2 wanted, 1 available"):
        reserve(session, product.id, 2)
    assert counts(session, product) == (3, 2, 1)


def test_last_one_can_be_reserved(session: Session, make_product: MakeProduct) -> None:
    """Everything on the shelf may be promised."""
    product = make_product(on_hand=1)
    reserve(session, product.id, 1)
    assert counts(session, product) == (1, 1, 0)


def test_released_stock_is_available_again(session: Session, make_product: MakeProduct) -> None:
    """A promise taken back leaves no trace in the counts."""
    product = make_product(on_hand=5)
    reserve(session, product.id, 5)
    release(session, product.id, 5)
    assert counts(session, product) == (5, 0, 5)


def test_more_than_reserved_can_not_be_released(session: Session, make_product: MakeProduct) -> None:
    """The database refuses a negative reservation."""
    product = make_product(on_hand=5)
    with pytest.raises(IntegrityError, match="ck_stock_reserved_not_negative"):
        release(session, product.id, 1)


def test_shipping_takes_reserved_stock_off_the_shelf(session: Session, make_product: MakeProduct) -> None:
    """What was promised leaves, what is available stays."""
    product = make_product(on_hand=5)
    reserve(session, product.id, 2)
    ship(session, product.id, 2)
    assert counts(session, product) == (3, 0, 3)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"on_hand": -1}, "ck_stock_on_hand_not_negative"),
        ({"reserved": -1}, "ck_stock_reserved_not_negative"),
        ({"reserved": 11}, "ck_stock_reserved_at_most_on_hand"),
    ],
)
def test_database_refuses_impossible_counts(
    session: Session, make_product: MakeProduct, values: dict[str, int], constraint: str
) -> None:
    """No statement, however written, gets past the checks."""
    change = update(Stock).where(Stock.product_id == make_product(on_hand=10).id).values(values)
    with pytest.raises(IntegrityError, match=constraint):
        session.execute(change)


def test_ledger_adds_up_to_what_is_on_hand(session: Session, make_product: MakeProduct) -> None:
    """Each change of the shelf is in the ledger."""
    product = make_product(on_hand=10)
    reserve(session, product.id, 4)
    ship(session, product.id, 4)
    receive(session, product.id, 2, "return")
    ledger = select(func.sum(StockMovement.quantity)).where(StockMovement.product_id == product.id)
    on_hand, _, _ = counts(session, product)
    assert on_hand == session.scalar(ledger)
    assert on_hand == 8


@pytest.mark.parametrize(
    ("quantity", "reason", "constraint"),
    [
        (0, "delivery", "ck_stock_movements_quantity_not_zero"),
        (1, "magic", "ck_stock_movements_reason_known"),
    ],
)
def test_ledger_takes_only_real_movements(
    session: Session, make_product: MakeProduct, quantity: int, reason: str, constraint: str
) -> None:
    """A movement moves something, for a reason that is known."""
    movement = {"product_id": make_product().id, "quantity": quantity, "reason": reason}
    with pytest.raises(IntegrityError, match=constraint):
        session.execute(insert(StockMovement).values(movement))


def test_stock_and_ledger_go_with_the_product(session: Session, make_product: MakeProduct) -> None:
    """Deleting a product that was never ordered cascades twice."""
    product = make_product(on_hand=5)
    session.commit()
    session.delete(product)
    session.commit()
    left = select(func.count()).select_from(StockMovement).where(StockMovement.product_id == product.id)
    assert session.get(Stock, product.id) is None
    assert session.scalar(left) == 0
