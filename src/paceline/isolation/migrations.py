"""Alembic by call, without the traces that its command leaves in the process."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paceline.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def upgrade(ini: Path, url: str) -> None:
    """Upgrade the database at `url` to the heads of the migrations that `ini` configures.

    Raises:
        MissingDependencyError: Alembic is not installed.
    """
    try:
        from alembic import command
        from alembic.config import Config
    except ImportError as error:
        raise MissingDependencyError(
            "tool.paceline.database.migrations needs the library Alembic", hint="Install alembic."
        ) from error
    config = Config(str(ini), stdout=io.StringIO())
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    # Many an env.py looks here instead.
    config.attributes["url"] = url
    with _logging_kept():
        command.upgrade(config, "heads")


@contextmanager
def _logging_kept() -> Generator[None, None, None]:
    """Undo what the usual env.py does with `fileConfig`: it switches off every logger that exists."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    loggers = [logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    states = [(logger, logger.disabled, logger.level, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for logger, disabled, own_level, own_handlers in states:
            logger.disabled = disabled
            logger.setLevel(own_level)
            logger.handlers[:] = own_handlers
