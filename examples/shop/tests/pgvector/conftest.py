"""What the vector tests share: plain vectors, and how the database plans a query."""

from collections.abc import Callable

import pytest
from sqlalchemy import Executable
from sqlalchemy.orm import Session

PlanOf = Callable[[Session, Executable], str]


@pytest.fixture(scope="session")
def plan_of() -> PlanOf:
    """Return a function that tells how PostgreSQL would run a query."""

    def explain(session: Session, query: Executable) -> str:
        compiled = query.compile(session.get_bind())  # type: ignore[attr-defined]
        processed = {
            name: compiled._bind_processors[name](value) if name in compiled._bind_processors else value
            for name, value in compiled.params.items()
        }
        connection = session.connection()
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {compiled}", processed))

    return explain
