"""Accounts."""

from typing import Annotated

from fastapi import APIRouter, Path

from shop import customers
from shop.models import Customer
from shop.service.dependencies import RequestSession, refusals
from shop.service.schemas import LARGEST_ID, Credentials, CustomerIn, CustomerOut

router = APIRouter(tags=["customers"])


@router.post("/customers", status_code=201, response_model=CustomerOut, responses=refusals(409))
def register_customer(new: CustomerIn, session: RequestSession) -> Customer:
    """Open an account."""
    customer = customers.register(session, email=new.email, name=new.name, password=new.password)
    session.commit()
    return customer


@router.get("/customers/{customer_id}", response_model=CustomerOut, responses=refusals(404))
def read_customer(
    customer_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], session: RequestSession
) -> Customer:
    """Show an account."""
    return customers.customer_by_id(session, customer_id)


@router.post("/sign-in", response_model=CustomerOut, responses=refusals(401))
def sign_in(credentials: Credentials, session: RequestSession) -> Customer:
    """Tell who somebody is by e-mail address and password."""
    return customers.sign_in(session, email=credentials.email, password=credentials.password)
