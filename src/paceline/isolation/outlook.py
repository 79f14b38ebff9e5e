"""What a run would find: its database, the prepared copy of it, the engines that join. Starts nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paceline.errors import ConfigError, PacelineError
from paceline.isolation import cache
from paceline.isolation.databases import postgresql
from paceline.isolation.provision import Attempt, Binaries, SharedServer, not_provisioned
from paceline.isolation.server import identity
from paceline.isolation.urls import DatabaseUrl
from paceline.model.facts import DatabaseFact, TemplateFact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from paceline.isolation.provision import Plan
    from paceline.isolation.provisioning import Provisioning


def database(provisioning: Provisioning, requires: Mapping[str, frozenset[str]]) -> DatabaseFact:
    """Return which database the tests would get; a shared server is asked for its extensions.

    Args:
        requires: what a run of each suite requires.
    """
    try:
        plan = provisioning.plan
    except PacelineError as error:
        return _refused(error, DatabaseFact())
    tried = tuple(map(str, plan.tried))
    extensions = sorted({name for each in requires.values() for name in each} & set(postgresql.EXTENSIONS))
    match plan.chosen:
        case None:
            return _refused(plan.refusal(), DatabaseFact(tried=tried))
        case SharedServer() as server:
            there, refusal = _asked(server.url, extensions)
            found = DatabaseFact(
                source=server.source,
                url=str(server.url),
                tried=tried,
                templates=_templates(provisioning, requires, None),
                extensions=there,
            )
            return _refused(refusal, found) if refusal else found
        case Binaries() as binaries:
            refusal = _unusable(binaries, plan)
            found = DatabaseFact(
                source=binaries.source,
                tried=tried,
                templates=_templates(provisioning, requires, binaries),
                extensions={name: _ships(binaries.folder, name) for name in extensions},
            )
            return _refused(refusal, found) if refusal else found


def _refused(error: PacelineError, found: DatabaseFact) -> DatabaseFact:
    return replace(found, slug=error.slug, refusal=error.message, remedy=error.hint)


def _unusable(binaries: Binaries, plan: Plan) -> PacelineError | None:
    """Return why nobody can run `binaries` here."""
    user = identity()
    if isinstance(user, str):
        return not_provisioned((*plan.tried, Attempt(what=binaries.source, why_not=user)))
    try:
        postgresql.require_driver()
    except PacelineError as error:
        return error
    return None


def joins(engine: Engine, provisioning: Provisioning) -> tuple[bool | None, str, bool]:
    """Tell whether `engine` takes part in a test's transaction, why, and whether it leads elsewhere.

    None for the first: its driver can, and only a run will tell.
    """
    from paceline.isolation.shared.engines import DRIVERS, driver_of

    mine = _name(engine)
    if mine is None and engine.dialect.name != "postgresql":
        return False, f"{engine.dialect.name} is another kind of database than the tests have", True
    if driver_of(engine) not in DRIVERS:
        known = ", ".join(dict.fromkeys(driver.removesuffix("_async") for driver in DRIVERS))
        return False, f"the driver {engine.dialect.driver} can't share a transaction; {known} can", False
    try:
        wanted = DatabaseUrl.parse(provisioning.url()).name
    except PacelineError:
        return None, "the driver can, and there is no test database to compare with", False
    if mine is None:
        return None, "its URL names no database: its first connection tells", False
    if mine != wanted:
        return False, f"it leads to the database {mine!r}, and the tests' is {wanted!r}", True
    return True, "it leads to the tests' database", False


def masked(engine: Engine) -> str:
    """Return the URL of `engine` without secrets, also those among its parameters."""
    text = engine.url.render_as_string(hide_password=True)
    try:
        return str(DatabaseUrl.parse(engine.url.render_as_string(hide_password=False)))
    except ConfigError:
        return text.partition("?")[0]


def _name(engine: Engine) -> str | None:
    try:
        return DatabaseUrl.parse(engine.url.render_as_string(hide_password=False)).name
    except ConfigError:
        return None


def _asked(url: DatabaseUrl, extensions: list[str]) -> tuple[dict[str, bool | None], PacelineError | None]:
    """Ask a server which extensions it has; return why it can't be used, if so."""
    unknown: dict[str, bool | None] = dict.fromkeys(extensions)
    try:
        postgresql.require_driver()
        with postgresql.connected(url) as connection:
            rows: Any = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    except PacelineError as error:
        return unknown, error
    there = {str(row[0]) for row in rows}
    return {name: postgresql.EXTENSIONS[name] in there for name in extensions}, None


def _ships(folder: Path, requirement: str) -> bool | None:
    """Tell whether the installation with its programs in `folder` has the extension; None: unknown."""
    shares = [folder.parent / "share", folder.parent / "share" / "postgresql"]
    # /usr/lib/postgresql/15/bin has its share in /usr/share/postgresql/15.
    shares += [Path("/usr/share/postgresql", folder.parent.name)] if "postgresql" in folder.parts else []
    known = [share / "extension" for share in shares if (share / "extension").is_dir()]
    if not known:
        return None
    return any((share / f"{postgresql.EXTENSIONS[requirement]}.control").exists() for share in known)


def _templates(
    provisioning: Provisioning, requires: Mapping[str, frozenset[str]], binaries: Binaries | None
) -> tuple[TemplateFact, ...]:
    return tuple(_template(provisioning, suite, needed, binaries) for suite, needed in requires.items())


def _template(
    provisioning: Provisioning, suite: str, requires: frozenset[str], binaries: Binaries | None
) -> TemplateFact:
    recipe = provisioning.recipe(requires)
    if binaries is None:
        reason = "the server is somebody else's: nothing is kept on it"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    folder = cache.folder()
    if folder is None:
        reason = "there is no folder that only this user can write"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    key = recipe.key(binaries)
    if key is None and recipe.steps:
        reason = recipe.uncovered or "a file that feeds it, or a pattern in inputs, finds nothing"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    kept = (folder / (key or recipe.empty_key(binaries))).is_dir()
    return TemplateFact(suite=suite, state="kept" if kept else "to_build")
