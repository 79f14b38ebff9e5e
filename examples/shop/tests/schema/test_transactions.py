"""Commit, rollback and errors inside a test behave as in production, and nothing outlives the test."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, PendingRollbackError
from sqlalchemy.orm import Session

from shop.models import Category, Customer, Product

pytestmark = pytest.mark.schema


def count_of(session: Session, slug: str) -> int | None:
    """Return how many categories have this slug."""
    return session.scalar(select(func.count()).select_from(Category).where(Category.slug == slug))


def test_committed_row_survives_a_later_rollback(session: Session) -> None:
    """A rollback goes back to the last commit, not to the start of the test."""
    session.add(Category(slug="toys", name="Toys"))
    session.commit()
    session.add(Category(slug="games", name="Games"))
    session.flush()
    session.rollback()
    assert (count_of(session, "toys"), count_of(session, "games")) == (1, 0)


def test_error_then_rollback_then_success(session: Session) -> None:
    """After an IntegrityError a session is of use again once it is rolled back."""
    session.add(Category(slug="toys", name="Toys"))
    session.commit()
    session.add(Category(slug="toys", name="Toys again"))
    with pytest.raises(IntegrityError, match="uq_categories_slug"):
        session.commit()
    session.rollback()
    session.add(Category(slug="games", name="Games"))
    session.commit()
    assert (count_of(session, "toys"), count_of(session, "games")) == (1, 1)


def test_session_refuses_work_after_an_error_without_rollback(session: Session) -> None:
    """Going on as if nothing had happened is an error of its own."""
    session.add(Category(slug="kitchen", name="Again"))
    with pytest.raises(IntegrityError):
        session.flush()
    with pytest.raises(PendingRollbackError):
        count_of(session, "kitchen")


def test_savepoint_is_undone_alone(session: Session) -> None:
    """What came before a failed savepoint is kept."""
    session.add(Category(slug="toys", name="Toys"))
    session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(Category(slug="toys", name="Toys again"))
    session.commit()
    assert count_of(session, "toys") == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_next_test_starts_without_the_rows_of_the_last(session: Session, turn: int) -> None:
    """The same unique value can be committed in test after test."""
    assert count_of(session, "left-over") == 0
    session.add(Category(slug="left-over", name=f"Turn {turn}"))
    session.commit()
    assert count_of(session, "left-over") == 1


def test_seeded_rows_are_there_for_every_test(session: Session) -> None:
    """Deleting them in a test is no danger to the others, whichever runs first."""
    seeded = select(func.count()).select_from(Product)
    assert session.scalar(seeded) == 24
    session.execute(text("DELETE FROM products"))
    session.commit()
    assert session.scalar(seeded) == 0


def test_schema_changes_are_rolled_back_too(session: Session) -> None:
    """A table that a test makes is gone afterwards, because DDL takes part in transactions."""
    assert session.scalar(text("SELECT to_regclass('left_over')")) is None
    session.execute(text("CREATE TABLE left_over (id integer)"))
    session.commit()
    assert session.scalar(text("SELECT to_regclass('left_over')")) == "left_over"


def test_attributes_are_read_again_after_a_commit(
    session: Session, make_customer: Callable[..., Customer]
) -> None:
    """What the database changed behind the session's back is seen after the commit."""
    customer = make_customer()
    session.execute(text("UPDATE customers SET loyalty_points = 7 WHERE id = :id"), {"id": customer.id})
    assert customer.loyalty_points == 0
    session.commit()
    assert customer.loyalty_points == 7
