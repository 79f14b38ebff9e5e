"""Which database the tests would get; with `--start`, the one that they do get."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paceline.clock import CLOCK
from paceline.errors import PacelineError
from paceline.isolation import outlook
from paceline.model.facts import StartedFact

if TYPE_CHECKING:
    from paceline.config import Config, Suite
    from paceline.isolation.provisioning import Provisioning
    from paceline.model.facts import DatabaseFact


def facts(settings: Config, provisioning: Provisioning, *, start: bool) -> DatabaseFact:
    """Return what there is to know about the database, and where `start` is given bring it up."""
    requires = {suite.name: _requires(settings, suite) for suite in settings.suites if suite.requires}
    found = outlook.database(provisioning, requires)
    if not start or found.refusal is not None:
        return found
    began = CLOCK.counter()
    try:
        database = provisioning.open()
    except PacelineError as error:
        return replace(found, slug=error.slug, refusal=error.message, remedy=error.hint)
    started = StartedFact(
        product=provisioning.product.TITLE,
        server=database.server_version,
        duration=round(CLOCK.counter() - began, 3),
        extensions=dict(database.extensions),
    )
    return replace(found, started=started)


def _requires(settings: Config, suite: Suite) -> frozenset[str]:
    """Return what a run of `suite` requires, with what its flag switches on and what is always on."""
    names: set[str] = set()
    waiting = [suite, *(other for other in settings.suites if not other.flag)]
    while waiting:
        each = waiting.pop()
        if each.name not in names:
            names.add(each.name)
            waiting += [settings.suite(name) for name in each.implies]
    return frozenset(name for each in settings.suites if each.name in names for name in each.requires)
