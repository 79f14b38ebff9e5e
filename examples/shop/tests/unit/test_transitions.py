"""Where orders and payments may go, without a database."""

from itertools import product

import pytest

from shop import orders, payments
from shop.errors import TransitionError
from shop.models import Order, OrderStatus, Payment, PaymentStatus

ORDER_STEPS = {
    (OrderStatus.PLACED, OrderStatus.PAID),
    (OrderStatus.PLACED, OrderStatus.CANCELLED),
    (OrderStatus.PAID, OrderStatus.SHIPPED),
    (OrderStatus.PAID, OrderStatus.CANCELLED),
}
PAYMENT_STEPS = {
    (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED),
    (PaymentStatus.AUTHORIZED, PaymentStatus.VOIDED),
    (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED),
}


@pytest.mark.parametrize(("before", "after"), list(product(OrderStatus, repeat=2)))
def test_order_takes_only_the_steps_there_are(before: OrderStatus, after: OrderStatus) -> None:
    """Each pair of statuses is either a step or refused without a change."""
    order = Order(status=before)
    if (before, after) in ORDER_STEPS:
        orders.advance(order, after)
        assert order.status is after
    else:
        with pytest.raises(TransitionError, match=f"a {before} order can't become {after}"):
            orders.advance(order, after)
        assert order.status is before


@pytest.mark.parametrize(("before", "after"), list(product(PaymentStatus, repeat=2)))
def test_payment_takes_only_the_steps_there_are(before: PaymentStatus, after: PaymentStatus) -> None:
    """Each pair of statuses is either a step or refused without a change."""
    payment = Payment(status=before)
    if (before, after) in PAYMENT_STEPS:
        payments.advance(payment, after)
        assert payment.status is after
    else:
        with pytest.raises(TransitionError, match=f"that is {before} can't become {after}"):
            payments.advance(payment, after)
        assert payment.status is before
