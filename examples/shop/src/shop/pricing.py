"""Prices in whole cents."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Promotion


def discounted(price_cents: int, percent: int) -> int:
    """Return the price with `percent` taken off, rounded half up and in favour of the shop."""
    return (price_cents * (100 - percent) + 50) // 100


def current_discount(session: Session, moment: dt.datetime) -> int:
    """Return the percentage that is off everything at `moment`; 0 without a sale."""
    query = select(Promotion.percent).where(Promotion.period.contains(moment))
    return session.scalars(query).one_or_none() or 0


def as_text(cents: int) -> str:
    """Return an amount as people write it: 123456 is 1,234.56."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02}"
