"""Databases for the tests: preparing the one that Paceline provides, and making scratch ones beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from uuid import uuid4

from sqlalchemy import create_engine, make_url, pool, text
from sqlalchemy.orm import Session

from shop import migrate, samples


class ServedDatabase(Protocol):
    """What the tests use of Paceline's `paceline_database`."""

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the worker's own database."""


def prepare(url: str) -> None:
    """Migrate the empty database at `url` and seed its catalogue."""
    migrate.upgrade(url)
    engine = create_engine(url, poolclass=pool.NullPool)
    with Session(engine) as session:
        samples.seed(session)
        session.commit()


@contextmanager
def scratch_database(url: str, *, template: str = "template0") -> Iterator[str]:
    """Make a database on the server of `url` as a copy of `template`, yield its URL and drop it afterwards.

    For tests that need what a transaction that is rolled back can't give: migrations, two transactions that
    meet, threads of the application. Nobody may be connected to `template` at that moment.
    """
    server = make_url(url)
    name = f"{(server.database or '')[:40]}_scratch_{uuid4().hex[:8]}"
    _run(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(url: str, statement: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
