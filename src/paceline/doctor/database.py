"""Suites whose database can't be had, and engines that don't take part: pure."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.doctor.case import Case, Examined, finding
from paceline.model.diagnosis import Finding
from paceline.model.facts import DatabaseFact, EngineFact


def findings(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the database and the engines."""
    for examined in case.examined:
        if examined.facts is None:
            continue
        if examined.facts.database is not None:
            yield from _database(examined, examined.facts.database)
        if any(suite.isolation == "transaction" for suite in examined.suites):
            yield from _engines(examined.facts.engines or ())


def _database(examined: Examined, database: DatabaseFact) -> Iterator[Finding]:
    own = {fixture.name for fixture in examined.facts.fixtures} if examined.facts else set[str]()
    needing = tuple(
        suite.name
        for suite in examined.suites
        if suite.requires
        or (suite.isolation == "transaction" and not own & {"integration_engine", "schema_isolation"})
    )
    if database.refusal is not None:
        if needing:
            yield finding(
                database.slug or "not-provisioned",
                "error",
                database.refusal,
                database.remedy or "See the reference page about errors.",
                suites=needing,
                blocks=True,
            )
        return
    for requirement, there in database.extensions.items():
        wanting = [suite.name for suite in examined.suites if requirement in suite.requires]
        if there is False and wanting:
            yield finding(
                "no-extension",
                "error",
                f"{requirement} is not available in {database.source}",
                "Install pytest-paceline[postgres], whose PostgreSQL has it, or install it in that server.",
                suites=wanting,
                blocks=True,
            )
    for template in database.templates:
        if template.suite in needing and template.state == "each_run" and database.url is None:
            yield finding(
                "template-not-kept",
                "note",
                f"the database of suite {template.suite!r} is prepared anew in every run: {template.reason}",
                "Name what feeds it, and every run but the first starts from a copy.",
                suites=(template.suite,),
            )


def _engines(engines: tuple[EngineFact, ...]) -> Iterator[Finding]:
    for engine in engines:
        if engine.joins is False and not engine.other_database:
            yield finding(
                "engine-outside",
                "error",
                f"the engine {engine.name or engine.url} isn't in a test's transaction: {engine.reason}",
                'Use one of these drivers in tests, or isolation = "clone", in which everything may commit.',
                where=(engine.name,) if engine.name else (),
            )
    drivers = sorted({engine.driver for engine in engines if engine.joins})
    if len(drivers) > 1:
        yield finding(
            "several-drivers",
            "warning",
            f"engines to the tests' database use {' and '.join(drivers)}: a test that uses both is an error",
            'Use one driver for both, or mark such tests isolation="clone".',
            where=(engine.name or engine.url for engine in engines if engine.joins),
        )
