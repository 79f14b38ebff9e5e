"""Orders: totals, numbers, what they reserve, and where they may go."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ConflictError, NotFoundError, OutOfStockError, TransitionError
from shop.models import Customer, Order, OrderLine, OrderStatus, OutboxMessage, Product, Promotion
from shop.orders import cancel_order, order_history, place_order, ship_order
from shop.stock import stock_of

pytestmark = pytest.mark.schema

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

MakeCustomer = Callable[..., Customer]
MakeOrder = Callable[..., Order]
MakeProduct = Callable[..., Product]


def available(session: Session, product: Product) -> int:
    """Return how many of a product can be ordered."""
    stock = stock_of(session, product.id)
    session.refresh(stock)
    return stock.available


def test_total_is_the_sum_of_the_lines(
    session: Session, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    """The trigger adds up what the generated column multiplied."""
    cheap, dear = make_product(price_cents=250), make_product(price_cents=9_999)
    order = place_order(session, make_customer(), {cheap.sku: 3, dear.sku: 2}, now=NOON)
    assert [line.total_cents for line in order.lines] == [750, 19_998]
    assert order.total_cents == 20_748


def test_total_follows_a_changed_line(session: Session, make_order: MakeOrder) -> None:
    """Changing a line by any means changes the order's total."""
    order = make_order(quantity=2)
    session.execute(update(OrderLine).where(OrderLine.order_id == order.id).values(quantity=5))
    session.refresh(order)
    assert order.total_cents == 5_000


def test_total_of_an_order_without_lines_is_zero(session: Session, make_order: MakeOrder) -> None:
    """Taking the last line away takes the total to zero."""
    order = make_order()
    order.lines.clear()
    session.commit()
    assert order.total_cents == 0


def test_total_may_exceed_32_bits(session: Session, make_order: MakeOrder) -> None:
    """A wholesale order doesn't overflow."""
    order = make_order(quantity=1)
    values = {"quantity": 1_000_000, "unit_price_cents": 10_000_000}
    session.execute(update(OrderLine).where(OrderLine.order_id == order.id).values(values))
    session.refresh(order)
    assert order.total_cents == 10_000_000_000_000


def test_order_keeps_the_price_of_its_day(
    session: Session, make_product: MakeProduct, make_order: MakeOrder
) -> None:
    """A later change of the price doesn't reach placed orders."""
    product = make_product(price_cents=1_000)
    order = make_order(product, quantity=1)
    product.price_cents = 5_000
    session.commit()
    assert order.total_cents == 1_000


def test_sale_lowers_the_prices_of_new_orders(
    session: Session, make_product: MakeProduct, make_order: MakeOrder
) -> None:
    """An order placed during a sale gets it, one placed when it has just ended doesn't."""
    product = make_product(price_cents=999)
    end = NOON + dt.timedelta(days=1)
    session.add(Promotion(name="Spring", percent=15, period=Range(NOON, end)))
    session.flush()
    assert make_order(product, quantity=1, now=NOON).total_cents == 849
    assert make_order(product, quantity=1, now=end).total_cents == 999


def test_numbers_of_orders_are_unique_and_rise(make_order: MakeOrder) -> None:
    """The sequence gives each order the next number."""
    numbers = [make_order().number for _ in range(3)]
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch(r"S\d{8}", number) for number in numbers)


def test_taken_number_is_refused(session: Session, make_order: MakeOrder) -> None:
    """Nobody can give two orders the same number by hand."""
    first, second = make_order(), make_order()
    second.number = first.number
    with pytest.raises(IntegrityError, match="uq_orders_number"):
        session.flush()


def test_product_is_on_an_order_once(session: Session, make_order: MakeOrder) -> None:
    """A second line for the same product is refused; its quantity belongs into the first."""
    line = make_order().lines[0]
    again = {"order_id": line.order_id, "product_id": line.product_id, "quantity": 1, "unit_price_cents": 1}
    with pytest.raises(IntegrityError, match="uq_order_lines_order_id_product_id"):
        session.execute(insert(OrderLine).values(again))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"quantity": 0}, "ck_order_lines_quantity_positive"),
        ({"unit_price_cents": -1}, "ck_order_lines_unit_price_not_negative"),
        ({"product_id": 0}, "fk_order_lines_product_id_products"),
        ({"order_id": 0}, "fk_order_lines_order_id_orders"),
    ],
)
def test_database_refuses_impossible_lines(
    session: Session, make_order: MakeOrder, values: dict[str, int], constraint: str
) -> None:
    """A line has an order, a product, a quantity and a price."""
    change = update(OrderLine).where(OrderLine.order_id == make_order().id).values(values)
    with pytest.raises(IntegrityError, match=constraint):
        session.execute(change)


def test_ordered_product_can_not_be_deleted(
    session: Session, make_product: MakeProduct, make_order: MakeOrder
) -> None:
    """What was sold stays in the table."""
    product = make_product()
    make_order(product)
    session.delete(product)
    with pytest.raises(IntegrityError, match="fk_order_lines_product_id_products"):
        session.flush()


def test_lines_go_with_their_order(session: Session, make_order: MakeOrder) -> None:
    """Deleting an order deletes its lines in the database."""
    order = make_order()
    session.commit()
    session.delete(order)
    session.commit()
    left = select(func.count()).select_from(OrderLine).where(OrderLine.order_id == order.id)
    assert session.scalar(left) == 0


def test_failed_order_leaves_nothing_behind(
    session: Session, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    """When the last product is out of stock, what the first lines reserved is free after the rollback."""
    plenty, scarce = make_product(on_hand=10), make_product(on_hand=1)
    customer = make_customer()
    session.commit()
    with pytest.raises(OutOfStockError):
        place_order(session, customer, {plenty.sku: 2, scarce.sku: 2}, now=NOON)
    session.rollback()
    assert available(session, plenty) == 10
    assert order_history(session, customer.id) == []


def test_order_of_nothing_is_refused(session: Session, make_customer: MakeCustomer) -> None:
    """An order has at least one line."""
    with pytest.raises(ConflictError, match="at least one line"):
        place_order(session, make_customer(), {}, now=NOON)


def test_unknown_and_retired_products_can_not_be_ordered(
    session: Session, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    """Only what is sold can be bought."""
    customer, retired = make_customer(), make_product()
    retired.active = False
    session.commit()
    with pytest.raises(ConflictError, match="isn't sold any more"):
        place_order(session, customer, {retired.sku: 1}, now=NOON)
    session.rollback()
    with pytest.raises(NotFoundError, match="XXX-0000"):
        place_order(session, customer, {"XXX-0000": 1}, now=NOON)


def test_cancelled_order_releases_its_stock(
    session: Session, make_product: MakeProduct, make_order: MakeOrder
) -> None:
    """What a cancelled order had reserved can be ordered by others."""
    product = make_product(on_hand=5)
    order = make_order(product, quantity=5)
    assert available(session, product) == 0
    cancel_order(session, order)
    assert available(session, product) == 5


def test_unpaid_order_is_not_shipped(session: Session, make_order: MakeOrder) -> None:
    """Shipping a placed order is refused and changes nothing."""
    order = make_order()
    with pytest.raises(TransitionError, match="placed order can't become shipped"):
        ship_order(session, order)
    assert order.status is OrderStatus.PLACED


def test_unknown_status_is_refused_by_the_database(session: Session, make_order: MakeOrder) -> None:
    """The set of statuses is closed."""
    table = Order.__table__
    change = table.update().where(table.c.id == make_order().id).values(status=func.lower("LOST"))
    with pytest.raises(IntegrityError, match="ck_orders_order_status"):
        session.execute(change)


def test_placing_an_order_publishes_it(session: Session, make_order: MakeOrder) -> None:
    """The message is in the outbox with the order's number and total."""
    order = make_order(quantity=2)
    session.commit()
    message = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)).one()
    assert message.topic == "order.placed"
    assert message.payload == {"number": order.number, "total_cents": 2_000}


def test_history_shows_the_newest_order_first(
    session: Session, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    """Orders come in reverse order of time, only the customer's own."""
    product, customer, other = make_product(), make_customer(), make_customer()
    old = place_order(session, customer, {product.sku: 1}, now=NOON - dt.timedelta(days=1))
    new = place_order(session, customer, {product.sku: 1}, now=NOON)
    place_order(session, other, {product.sku: 1}, now=NOON)
    assert order_history(session, customer.id) == [new, old]
