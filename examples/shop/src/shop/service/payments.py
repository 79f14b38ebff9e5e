"""Payments."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path

from shop import payments
from shop.models import Payment
from shop.orders import order_by_number
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import LARGEST_ID, OrderNumber, PaymentIn, PaymentOut

router = APIRouter(tags=["payments"])

PaymentId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.post(
    "/orders/{number}/payments", status_code=201, response_model=PaymentOut, responses=refusals(404, 409)
)
def authorize_payment(number: OrderNumber, new: PaymentIn, session: RequestSession) -> Payment:
    """Promise the money for an order."""
    payment = payments.authorize(session, order_by_number(session, number), reference=new.reference)
    session.commit()
    return payment


@router.post("/payments/{payment_id}/capture", response_model=PaymentOut, responses=refusals(404, 409))
def capture_payment(payment_id: PaymentId, session: RequestSession) -> Payment:
    """Take the money."""
    payment = payments.payment_by_id(session, payment_id)
    payments.capture(session, payment, now=dt.datetime.now(dt.UTC))
    session.commit()
    return payment


@router.post("/payments/{payment_id}/void", response_model=PaymentOut, responses=refusals(404, 409))
def void_payment(payment_id: PaymentId, session: RequestSession) -> Payment:
    """Give the promise back."""
    payment = payments.payment_by_id(session, payment_id)
    payments.void(session, payment)
    session.commit()
    return payment


@router.post("/payments/{payment_id}/refund", response_model=PaymentOut, responses=refusals(404, 409))
def refund_payment(payment_id: PaymentId, session: RequestSession) -> Payment:
    """Give the money back."""
    payment = payments.payment_by_id(session, payment_id)
    payments.refund(session, payment)
    session.commit()
    return payment
