"""From what is known to what is said: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from paceline.config import Suite
from paceline.doctor import database, environment, marks, suites
from paceline.doctor.case import Case, Examined
from paceline.model.diagnosis import SEVERITIES, Component, Diagnosis, Finding, SuiteState
from paceline.model.facts import DatabaseFact, FlagOwner


def diagnose(case: Case) -> Diagnosis:
    """Return everything that is to be said about `case`."""
    rules = (environment, suites, database, marks)
    # Suites with different arguments are collected apart, and the same is found twice.
    found = tuple(dict.fromkeys(each for rule in rules for each in rule.findings(case)))
    first = next((each.facts for each in case.examined if each.facts is not None), None)
    return Diagnosis(
        components=(*case.components, *_plugins(case)),
        suites=tuple(_state(suite, examined, found) for suite, examined in _each(case)),
        database=_of(case, first.database) if first and first.database else None,
        engines=first.engines if first else None,
        findings=tuple(sorted(found, key=lambda each: (not each.blocks, SEVERITIES.index(each.severity)))),
    )


def _plugins(case: Case) -> Iterable[Component]:
    """Yield the pytest plugins that are loaded besides."""
    known = {component.name.lower() for component in case.components}
    loaded = {
        name: version for each in case.examined if each.facts for name, version in each.facts.plugins.items()
    }
    for name in sorted(loaded):
        if name.lower() not in known:
            yield Component(name=name, version=loaded[name], enables="")


def _of(case: Case, found: DatabaseFact) -> DatabaseFact:
    """Leave out the suites that weren't asked about."""
    names = {suite.name for suite in case.suites}
    return replace(found, templates=tuple(each for each in found.templates if each.suite in names))


def _each(case: Case) -> Iterable[tuple[Suite, Examined]]:
    for suite in case.suites:
        for examined in case.examined:
            if suite in examined.suites:
                yield suite, examined


def _state(suite: Suite, examined: Examined, found: tuple[Finding, ...]) -> SuiteState:
    facts, tests = examined.facts, examined.tests(suite)
    owners: dict[str, FlagOwner] = {flag.suite: flag.owner for flag in facts.flags} if facts else {}
    return SuiteState(
        name=suite.name,
        marker=suite.marker,
        flag=suite.flag,
        owner=owners.get(suite.name, "nobody"),
        isolation=suite.isolation,
        requires=suite.requires,
        tests=len(tests) if facts is not None else None,
        skipped=sum(test.skipped is not None for test in tests),
        ready=not any(each.blocks and suite.name in each.suites for each in found),
    )
