"""What a new database is filled with, by the project's own means, and a key made from all that feeds it."""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import chdir
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paceline import __version__
from paceline.errors import ProvisioningError
from paceline.isolation import sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from paceline.config import DatabaseConfig
    from paceline.isolation.product import Product
    from paceline.isolation.urls import DatabaseUrl

#: Counts the ways in which Paceline itself makes a cluster.
_FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the project fills its databases.

    Attributes:
        settings: `[tool.paceline.database]`.
        product: what kind of databases they are.
        extensions: extensions of it that the suites require; they are created first.
        root: directory of the project.
    """

    settings: DatabaseConfig
    product: Product
    extensions: frozenset[str]
    root: Path

    @cached_property
    def steps(self) -> tuple[tuple[str, Callable[[DatabaseUrl], None]], ...]:
        """What is done, with the words of the configuration."""
        given = self.settings
        found: list[tuple[str, Callable[[DatabaseUrl], None]]] = []
        found += [(name, self._sql(name)) for name in given.sql]
        if given.migrations:
            found.append((given.migrations, self._migrate))
        if given.metadata:
            found.append((given.metadata, self._create_all))
        if given.prepare:
            found.append((given.prepare, _call("prepare", given.prepare)))
        found += [(seed, self._sql(seed) if _is_sql(seed) else _call("seeds", seed)) for seed in given.seeds]
        return tuple(found)

    def fill(self, url: DatabaseUrl) -> None:
        """Fill the new database at `url`.

        Raises:
            ProvisioningError: a step failed; its own exception is the cause.
        """
        self.product.extend(url, self.extensions)
        for name, step in self.steps:
            try:
                step(url)
            except ProvisioningError:
                raise
            except Exception as error:
                # pytest shows the cause as well.
                error.args = tuple(url.masked(arg) if isinstance(arg, str) else arg for arg in error.args)
                what = f"{type(error).__name__}: {url.masked(str(error))}"
                raise ProvisioningError(f"preparing the database with {name} failed: {what}") from error

    @cached_property
    def uncovered(self) -> str:
        """Why the result can't be kept: what feeds it isn't known. Empty: it can."""
        callables = [
            name for name in (self.settings.prepare, *self.settings.seeds) if name and not _is_sql(name)
        ]
        if callables and not self.settings.inputs:
            return f"{callables[0]} may depend on any file: name them in tool.paceline.database.inputs"
        if not self.steps:
            return "nothing is prepared"
        return ""

    def empty_key(self, made_by: tuple[object, ...]) -> str:
        """Return a name for what is `made_by` certain programs and settings and holds an empty database."""
        return "empty-" + _digest([_FORMAT, __version__, *made_by])

    def key(self, made_by: tuple[object, ...]) -> str | None:
        """Return a name for the filled cluster that changes with everything that feeds it.

        None where that isn't known: a stale template is worse than a slow start.
        """
        if self.uncovered:
            return None
        given = self.settings
        modules = [
            name.partition(":")[0] for name in (given.metadata, given.prepare, *given.seeds) if ":" in name
        ]
        files = [self.root / name for name in (*given.sql, *filter(_is_sql, given.seeds))]
        for pattern in given.inputs:
            # Before Python 3.13 a final ** stands for directories only.
            everything = f"{pattern}/*" if pattern.endswith("**") else pattern
            matched = [path for path in self.root.glob(everything) if sources.is_source(path)]
            if not matched:
                return None
            files += matched
        try:
            folders: list[Path] = []
            if given.migrations:
                migrations, folders = sources.of_alembic(self.root / given.migrations)
                files += migrations
            scripts = [path for path in files if path.suffix == ".py"]
            files += sources.of_modules(modules, scripts, folders)
            content = sources.digests(files)
        except (OSError, LookupError):
            return None
        settings = [given.sql, given.migrations, given.metadata, given.prepare, given.seeds, given.inputs]
        return "filled-" + _digest(
            [
                self.empty_key(made_by),
                sorted(self.extensions),
                settings,
                sys.version,
                sources.installed(),
                content,
            ]
        )

    def _sql(self, name: str) -> Callable[[DatabaseUrl], None]:
        return lambda url: self.product.run(url, (self.root / name).read_text(encoding="utf-8"))

    def _create_all(self, url: DatabaseUrl) -> None:
        from sqlalchemy import create_engine, pool

        target: Any = _attribute("metadata", self.settings.metadata)
        metadata = getattr(target, "metadata", target)
        engine = create_engine(url.sqlalchemy, poolclass=pool.NullPool)
        metadata.create_all(engine)

    def _migrate(self, url: DatabaseUrl) -> None:
        from paceline.isolation.migrations import upgrade

        ini = self.root / self.settings.migrations
        if not ini.is_file():
            raise ProvisioningError(f"tool.paceline.database.migrations: there is no file {ini}")
        # Relative paths in the file mean those of somebody who types `alembic` beside it.
        with chdir(ini.parent):
            upgrade(ini, url.sqlalchemy)
        if not self.product.has_tables(url):
            raise ProvisioningError(
                f"{self.settings.migrations} created no tables in the tests' database",
                hint="Let env.py connect to config.get_main_option('sqlalchemy.url').",
            )


def _is_sql(name: str) -> bool:
    return name.endswith(".sql")


def _attribute(key: str, target: str) -> object:
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        kind = "attribute" if key == "metadata" else "function"
        raise ProvisioningError(
            f"tool.paceline.database.{key} is {target!r}", hint=f'Write "package.module:{kind}".'
        )
    found: object = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _call(key: str, target: str) -> Callable[[DatabaseUrl], None]:
    def call(url: DatabaseUrl) -> None:
        function: Any = _attribute(key, target)
        function(url.sqlalchemy)

    return call


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
