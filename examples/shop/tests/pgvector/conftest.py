"""What the vector tests share: how the database plans a query."""

from collections.abc import Callable

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.orm import Session

PlanOf = Callable[[Session, ClauseElement], str]


@pytest.fixture(scope="session")
def plan_of() -> PlanOf:
    """Return a function that tells how PostgreSQL would run a query."""

    def explain(session: Session, query: ClauseElement) -> str:
        compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        rows = session.connection().exec_driver_sql(f"EXPLAIN {compiled}")
        return "\n".join(row[0] for row in rows)

    return explain
