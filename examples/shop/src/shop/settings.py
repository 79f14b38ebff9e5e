"""What the environment decides."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_DATABASE_URL = "postgresql+psycopg://shop@localhost/shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process.

    Attributes:
        database_url: SQLAlchemy URL of the shop's database.
        echo: whether every statement is logged.
    """

    database_url: str = DEFAULT_DATABASE_URL
    echo: bool = False


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `SHOP_DATABASE_URL` and `SHOP_ECHO`."""
    return Settings(
        database_url=environment.get("SHOP_DATABASE_URL") or DEFAULT_DATABASE_URL,
        echo=environment.get("SHOP_ECHO", "").casefold() in {"1", "true", "yes"},
    )
