"""The application's own engine. It connects when it is first used, not when it is imported."""

from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from shop.settings import read_settings

_settings = read_settings()

engine = create_engine(_settings.database_url, echo=_settings.echo, pool_pre_ping=True)
SessionLocal = sessionmaker(engine)


def get_session() -> Iterator[Session]:
    """Yield the session of one request; what the request didn't commit is rolled back."""
    with SessionLocal() as session:
        yield session
