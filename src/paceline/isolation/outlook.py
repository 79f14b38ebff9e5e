"""What a run would find: its database, the prepared copy of it, the engines that join. Starts nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paceline.errors import ConfigError, PacelineError
from paceline.isolation import cache, databases
from paceline.isolation.provision import Attempt, Own, SharedServer
from paceline.isolation.urls import DatabaseUrl
from paceline.model.facts import DatabaseFact, TemplateFact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from paceline.isolation.product import Product
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
    extensions = _extensions(plan.product, requires)
    match plan.chosen:
        case None:
            return _refused(plan.refusal(), DatabaseFact(tried=tried))
        case SharedServer() as server:
            there, refusal = _asked(plan.product, server.url, extensions)
            found = DatabaseFact(
                source=server.source,
                url=str(server.url),
                tried=tried,
                templates=_templates(provisioning, requires, None),
                extensions=there,
            )
            return _refused(refusal, found) if refusal else found
        case Own() as own:
            refusal = _unusable(own, plan)
            offered = plan.product.offers(own, frozenset(extensions.values()))
            found = DatabaseFact(
                source=own.source,
                tried=tried,
                templates=_templates(provisioning, requires, own),
                extensions={name: offered.get(extension) for name, extension in extensions.items()},
            )
            return _refused(refusal, found) if refusal else found


def _refused(error: PacelineError, found: DatabaseFact) -> DatabaseFact:
    return replace(found, slug=error.slug, refusal=error.message, remedy=error.hint)


def _extensions(product: Product, requires: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return the extensions of `product` that suites require, by the name that they have in `requires`."""
    names = sorted({name for each in requires.values() for name in each})
    known = {name: databases.requirement(name) for name in names}
    return {
        name: each.extension
        for name, each in known.items()
        if each.extension and databases.product(name) is product
    }


def _unusable(found: Own, plan: Plan) -> PacelineError | None:
    """Return why nobody can use what was `found` here."""
    if reason := plan.product.unusable(found):
        return plan.refusal(Attempt(what=found.source, why_not=reason))
    try:
        plan.product.require_driver()
    except PacelineError as error:
        return error
    return None


def joins(engine: Engine, provisioning: Provisioning) -> tuple[bool | None, str, bool]:
    """Tell whether `engine` takes part in a test's transaction, why, and whether it leads elsewhere.

    None for the first: its driver can, and only a run will tell.
    """
    from paceline.isolation.shared.engines import driver_of

    try:
        product = provisioning.product
        words = product.words()
    except PacelineError:
        return None, "there is no test database to compare with", False
    backend = engine.dialect.name
    if databases.of_scheme(backend) is not product:
        return False, f"{backend} is another kind of database than the tests have", True
    if driver_of(engine) not in words.drivers:
        known = ", ".join(dict.fromkeys(driver.removesuffix("_async") for driver in sorted(words.drivers)))
        return False, f"the driver {engine.dialect.driver} can't share a transaction; {known} can", False
    try:
        wanted = DatabaseUrl.parse(provisioning.url()).name
    except PacelineError:
        return None, "the driver can, and there is no test database to compare with", False
    mine = _name(engine)
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


def _asked(
    product: Product, url: DatabaseUrl, extensions: Mapping[str, str]
) -> tuple[dict[str, bool | None], PacelineError | None]:
    """Ask a server which extensions it has; return why it can't be used, if so."""
    there: Mapping[str, bool | None] = {}
    refusal: PacelineError | None = None
    try:
        product.require_driver()
        there = product.offers(url, frozenset(extensions.values()))
    except PacelineError as error:
        refusal = error
    return {name: there.get(extension) for name, extension in extensions.items()}, refusal


def _templates(
    provisioning: Provisioning, requires: Mapping[str, frozenset[str]], own: Own | None
) -> tuple[TemplateFact, ...]:
    return tuple(_template(provisioning, suite, needed, own) for suite, needed in requires.items())


def _template(
    provisioning: Provisioning, suite: str, requires: frozenset[str], own: Own | None
) -> TemplateFact:
    recipe = provisioning.recipe(requires)
    if own is None:
        reason = "the server is somebody else's: nothing is kept on it"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    folder = cache.folder()
    if folder is None:
        reason = "there is no folder that only this user can write"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    made_by = recipe.product.made_by(own)
    if made_by is None:
        reason = f"a database of {recipe.product.TITLE} isn't kept"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    key = recipe.key(made_by)
    if key is None and recipe.steps:
        reason = recipe.uncovered or "a file that feeds it, or a pattern in inputs, finds nothing"
        return TemplateFact(suite=suite, state="each_run", reason=reason)
    kept = cache.Kept(folder, key or recipe.empty_key(made_by)).is_current()
    return TemplateFact(suite=suite, state="kept" if kept else "to_build")
