"""Sales, which never overlap."""

import datetime as dt

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from shop.models import Promotion
from shop.pricing import current_discount

pytestmark = pytest.mark.schema

MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def sale(first: int, last: int, *, percent: int = 20) -> Promotion:
    """Build a sale between two days, counted from Monday."""
    return Promotion(name="Sale", percent=percent, period=Range(MONDAY + first * DAY, MONDAY + last * DAY))


@pytest.mark.parametrize(("first", "last"), [(1, 3), (-1, 1), (0, 2), (-5, 5)])
def test_overlapping_sales_are_refused(session: Session, first: int, last: int) -> None:
    """A sale can't start, end or lie within another, nor around it."""
    session.add(sale(0, 2))
    session.flush()
    session.add(sale(first, last))
    with pytest.raises(IntegrityError, match="ex_promotions_period"):
        session.flush()


def test_sales_may_follow_each_other_at_once(session: Session) -> None:
    """The end of a period doesn't belong to it."""
    session.add_all([sale(0, 2, percent=20), sale(2, 4, percent=40)])
    session.commit()
    assert current_discount(session, MONDAY + 2 * DAY - dt.timedelta(microseconds=1)) == 20
    assert current_discount(session, MONDAY + 2 * DAY) == 40
    assert current_discount(session, MONDAY + 4 * DAY) == 0


@pytest.mark.parametrize("percent", [0, 91])
def test_discount_is_within_reason(session: Session, percent: int) -> None:
    """A sale takes off something, but not everything."""
    session.add(sale(0, 1, percent=percent))
    with pytest.raises(IntegrityError, match="ck_promotions_percent_in_range"):
        session.flush()


def test_empty_period_is_refused(session: Session) -> None:
    """A sale that begins when it ends would never be seen."""
    session.add(sale(1, 1))
    with pytest.raises(IntegrityError, match="ck_promotions_period_not_empty"):
        session.flush()


def test_period_that_ends_before_it_begins_is_refused(session: Session) -> None:
    """PostgreSQL itself knows no such range."""
    session.add(sale(2, 1))
    with pytest.raises(DataError, match="must be less than or equal"):
        session.flush()
