"""How Alembic reaches the database: by the URL of `shop.migrate`, or else by the application's settings."""

from alembic import context
from sqlalchemy import create_engine, pool

from shop.models import Base
from shop.settings import read_settings


def run() -> None:
    """Run the migrations that the command asked for, all of them in one transaction."""
    url = context.config.attributes.get("url") or read_settings().database_url
    if context.is_offline_mode():
        context.configure(url=url, target_metadata=Base.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()


run()
