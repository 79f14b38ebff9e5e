"""What travels over HTTP."""

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shop.models import OrderStatus, PaymentStatus


def _storable(value: str) -> str:
    """PostgreSQL's text holds any character but NUL."""
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


LARGEST_ID = 2**63 - 1

Email = Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254)]
Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
Body = Annotated[str, Field(max_length=2_000), AfterValidator(_storable)]
Password = Annotated[str, Field(min_length=8, max_length=200)]
Sku = Annotated[str, Field(pattern=r"^[A-Z]{3}-[0-9]{4,6}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
OrderNumber = Annotated[str, Field(pattern=r"^S[0-9]{8}$")]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Cents = Annotated[int, Field(ge=1, le=10_000_000)]
Quantity = Annotated[int, Field(ge=1, le=1_000)]
Rating = Annotated[int, Field(ge=1, le=5)]


class _Input(BaseModel):
    """A request body: nothing unknown, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Output(BaseModel):
    """A response body, read from a model's attributes."""

    model_config = ConfigDict(from_attributes=True)


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Health(BaseModel):
    """The service is up and reaches its database."""

    database: str


class CustomerIn(_Input):
    """A new account."""

    email: Email
    name: Title
    password: Password


class CustomerOut(_Output):
    """An account, as its owner sees it."""

    id: int
    email: str
    name: str
    loyalty_points: int


class Credentials(_Input):
    """Who wants to sign in."""

    email: Email
    password: Password


class ProductIn(_Input):
    """A new product."""

    sku: Sku
    name: Title
    description: Body = ""
    price_cents: Cents
    category: Slug


class ProductChange(_Input):
    """What is to change about a product; what is left out stays."""

    name: Title | None = None
    description: Body | None = None
    price_cents: Cents | None = None
    active: bool | None = None


class ProductOut(_Output):
    """A product in the catalogue."""

    sku: str
    name: str
    description: str
    price_cents: int
    active: bool


class HitOut(_Output):
    """A product that was found, and how far it is from what was asked for."""

    product: ProductOut
    distance: float


class ReviewIn(_Input):
    """A customer's opinion."""

    customer_id: Identifier
    rating: Rating
    body: Body = ""


class ReviewOut(_Output):
    """A published opinion."""

    rating: int
    body: str
    created_at: dt.datetime


class ReviewList(BaseModel):
    """All opinions of a product and what they come to."""

    count: int
    average: float | None
    reviews: list[ReviewOut]


class StockOut(_Output):
    """How many there are of a product."""

    on_hand: int
    reserved: int
    available: int


class DeliveryIn(_Input):
    """Goods that have arrived."""

    quantity: Quantity


class OrderLineIn(_Input):
    """So many of a product."""

    sku: Sku
    quantity: Quantity


class OrderIn(_Input):
    """What a customer wants to buy."""

    customer_id: Identifier
    lines: Annotated[list[OrderLineIn], Field(min_length=1, max_length=50)]


class OrderLineOut(_Output):
    """A line of an order, at the price of that day."""

    product: ProductOut
    quantity: int
    unit_price_cents: int
    total_cents: int


class OrderOut(_Output):
    """An order with its lines."""

    number: str
    status: OrderStatus
    total_cents: int
    placed_at: dt.datetime
    lines: list[OrderLineOut]


class PaymentIn(_Input):
    """A promise of money under the payment provider's reference."""

    reference: Reference


class PaymentOut(_Output):
    """A payment and where it stands."""

    id: int
    reference: str
    amount_cents: int
    status: PaymentStatus
    captured_at: dt.datetime | None
