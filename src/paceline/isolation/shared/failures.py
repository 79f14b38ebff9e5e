"""What goes wrong in a shared transaction, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paceline.errors import SharedTransactionError
from paceline.isolation.shared.callers import current_place
from paceline.isolation.shared.marks import mark_for_clone

if TYPE_CHECKING:
    from paceline.isolation.shared.savepoints import ConflictError


def stale() -> SharedTransactionError:
    """Return the error for a connection of a test that is over."""
    return SharedTransactionError(
        f"a connection is used that a test before this one left open ({current_place()})",
        hint="Close it in the test that opens it.",
    )


def two_roles(first: str, second: str) -> SharedTransactionError:
    """Return the error for a test that logs in as two users."""
    return SharedTransactionError(
        f"the test uses the database as {first} and as {second} ({current_place()}), but all "
        "transactions of a test share one connection, which has one of these roles",
        hint=mark_for_clone(),
    )


def conflict_of(error: ConflictError) -> SharedTransactionError:
    """Return the error for a rollback that would undo work of others."""
    return SharedTransactionError(
        f"the rollback ({current_place()}) of a transaction begun at {error.mine} would also undo the "
        f"work of another one, begun at {' and '.join(error.others)}: all transactions of a test share "
        "one connection",
        hint=mark_for_clone(),
    )


def ended(error: BaseException) -> SharedTransactionError:
    """Return the error for a statement that the database answered by rolling back everything."""
    return SharedTransactionError(
        f"the database answered {current_place()} by ending the whole transaction that isolates the test: "
        f"{error}",
        hint=mark_for_clone(),
    )


def is_servers(error: BaseException) -> bool:
    """Tell whether the server refused the statement, or may have: after an interruption nobody knows."""
    code: object = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return code is not None or not isinstance(error, Exception)
