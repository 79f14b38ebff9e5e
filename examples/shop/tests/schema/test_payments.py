"""Payments: their state machine and what the database holds against it."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ConflictError, TransitionError
from shop.models import Order, OrderStatus, Payment, PaymentStatus, Product
from shop.orders import cancel_order, ship_order
from shop.payments import authorize, capture, refund, void
from shop.stock import stock_of

pytestmark = pytest.mark.schema

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

MakeOrder = Callable[..., Order]


def test_captured_payment_pays_the_order(session: Session, make_order: MakeOrder) -> None:
    """Capturing moves payment and order together."""
    order = make_order()
    payment = authorize(session, order, reference="ref-1")
    capture(session, payment, now=NOON)
    session.commit()
    assert payment.amount_cents == order.total_cents
    assert (payment.status, payment.captured_at) == (PaymentStatus.CAPTURED, NOON)
    assert order.status is OrderStatus.PAID


def test_voided_payment_leaves_the_order_waiting(session: Session, make_order: MakeOrder) -> None:
    """After a voided promise the customer can try again."""
    order = make_order()
    void(session, authorize(session, order, reference="ref-1"))
    second = authorize(session, order, reference="ref-2")
    capture(session, second, now=NOON)
    assert order.status is OrderStatus.PAID


def test_refund_before_shipping_cancels_the_order(session: Session, make_order: MakeOrder) -> None:
    """The reserved goods go back with the money."""
    order = make_order(quantity=2)
    payment = authorize(session, order, reference="ref-1")
    capture(session, payment, now=NOON)
    refund(session, payment)
    assert order.status is OrderStatus.CANCELLED
    assert stock_of(session, order.lines[0].product_id).reserved == 0


def test_refund_after_shipping_leaves_the_order_shipped(session: Session, make_order: MakeOrder) -> None:
    """What has left the house isn't cancelled."""
    order = make_order()
    payment = authorize(session, order, reference="ref-1")
    capture(session, payment, now=NOON)
    ship_order(session, order)
    refund(session, payment)
    assert (order.status, payment.status) == (OrderStatus.SHIPPED, PaymentStatus.REFUNDED)


def test_payment_of_a_cancelled_order_is_not_captured(session: Session, make_order: MakeOrder) -> None:
    """The rollback after the refusal leaves the payment authorized."""
    order = make_order()
    payment = authorize(session, order, reference="ref-1")
    cancel_order(session, order)
    session.commit()
    with pytest.raises(TransitionError, match="cancelled order can't become paid"):
        capture(session, payment, now=NOON)
    session.rollback()
    assert payment.status is PaymentStatus.AUTHORIZED


def test_paid_order_takes_no_further_payment(session: Session, make_order: MakeOrder) -> None:
    """Nobody pays twice by clicking twice."""
    order = make_order()
    capture(session, authorize(session, order, reference="ref-1"), now=NOON)
    with pytest.raises(TransitionError, match="paid order takes no payment"):
        authorize(session, order, reference="ref-2")


def test_used_reference_is_refused_and_the_session_goes_on(session: Session, make_order: MakeOrder) -> None:
    """The provider's reference names one payment; another reference works at once."""
    authorize(session, make_order(), reference="ref-1")
    other = make_order()
    with pytest.raises(ConflictError, match="ref-1"):
        authorize(session, other, reference="ref-1")
    assert authorize(session, other, reference="ref-2").id is not None


def test_database_allows_one_captured_payment_per_order(session: Session, make_order: MakeOrder) -> None:
    """Two promises that were captured side by side are caught by the partial index."""
    order = make_order()
    authorize(session, order, reference="ref-1")
    authorize(session, order, reference="ref-2")
    taken = update(Payment).where(Payment.order_id == order.id)
    with pytest.raises(IntegrityError, match="uq_payments_captured"):
        session.execute(taken.values(status=PaymentStatus.CAPTURED, captured_at=NOON))


@pytest.mark.parametrize(
    ("status", "captured_at"),
    [(PaymentStatus.CAPTURED, None), (PaymentStatus.AUTHORIZED, NOON), (PaymentStatus.VOIDED, NOON)],
)
def test_time_of_capture_goes_with_the_status(
    session: Session, make_order: MakeOrder, status: PaymentStatus, captured_at: dt.datetime | None
) -> None:
    """A payment has a time of capture if, and only if, it was captured."""
    payment = authorize(session, make_order(), reference="ref-1")
    payment.status, payment.captured_at = status, captured_at
    with pytest.raises(IntegrityError, match="ck_payments_captured_at_goes_with_status"):
        session.flush()


def test_order_with_a_payment_can_not_be_deleted(session: Session, make_order: MakeOrder) -> None:
    """Where money was promised, the order stays."""
    order = make_order()
    authorize(session, order, reference="ref-1")
    session.delete(order)
    with pytest.raises(IntegrityError, match="fk_payments_order_id_orders"):
        session.flush()


def test_order_without_a_total_takes_no_payment(
    session: Session, make_order: MakeOrder, make_product: Callable[..., Product]
) -> None:
    """An order whose only product was given away has nothing to pay."""
    order = make_order(make_product(), quantity=1)
    order.lines[0].unit_price_cents = 0
    session.flush()
    session.refresh(order)
    with pytest.raises(ConflictError, match="nothing to pay"):
        authorize(session, order, reference="ref-1")
