"""Payments: authorize, then capture or void; a captured payment can be refunded."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop import orders, outbox
from shop.errors import ConflictError, NotFoundError, TransitionError
from shop.models import Order, OrderStatus, Payment, PaymentStatus

NEXT: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.AUTHORIZED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.VOIDED}),
    PaymentStatus.CAPTURED: frozenset({PaymentStatus.REFUNDED}),
    PaymentStatus.REFUNDED: frozenset(),
    PaymentStatus.VOIDED: frozenset(),
}


def authorize(session: Session, order: Order, *, reference: str) -> Payment:
    """Promise the whole of an order's total.

    Raises:
        TransitionError: the order isn't waiting for money.
        ConflictError: there is nothing to pay, or the provider's reference was used before.
    """
    if order.status is not OrderStatus.PLACED:
        raise TransitionError(f"a {order.status} order takes no payment")
    if order.total_cents == 0:
        raise ConflictError("there is nothing to pay")
    payment = Payment(order=order, reference=reference, amount_cents=order.total_cents)
    try:
        with session.begin_nested():
            session.add(payment)
    except IntegrityError as error:
        raise ConflictError(f"the reference {reference} was used before") from error
    return payment


def capture(session: Session, payment: Payment, *, now: dt.datetime) -> None:
    """Take the money; the order is paid then.

    Raises:
        TransitionError: the payment isn't authorized, or the order doesn't wait for money any more.
    """
    orders.advance(payment.order, OrderStatus.PAID)
    advance(payment, PaymentStatus.CAPTURED)
    payment.captured_at = now
    session.flush()
    outbox.publish(session, "payment.captured", {"reference": payment.reference})


def void(session: Session, payment: Payment) -> None:
    """Give a promise back.

    Raises:
        TransitionError: the payment isn't authorized.
    """
    advance(payment, PaymentStatus.VOIDED)
    session.flush()


def refund(session: Session, payment: Payment) -> None:
    """Give the money back; an order that hasn't been shipped is cancelled with it.

    Raises:
        TransitionError: the payment isn't captured.
    """
    advance(payment, PaymentStatus.REFUNDED)
    if payment.order.status is OrderStatus.PAID:
        orders.cancel_order(session, payment.order)
    session.flush()
    outbox.publish(session, "payment.refunded", {"reference": payment.reference})


def advance(payment: Payment, status: PaymentStatus) -> None:
    """Move a payment to `status`.

    Raises:
        TransitionError: no way leads there.
    """
    if status not in NEXT[payment.status]:
        raise TransitionError(f"a payment that is {payment.status} can't become {status}")
    payment.status = status


def payment_by_id(session: Session, payment_id: int) -> Payment:
    """Return the payment.

    Raises:
        NotFoundError: no such payment.
    """
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFoundError(f"there is no payment {payment_id}")
    return payment
