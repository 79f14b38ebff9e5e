"""Marks that can't work as they stand: pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import get_args

from paceline.config import Isolation, Suite
from paceline.doctor.case import Case, Examined, finding
from paceline.model.diagnosis import Finding
from paceline.model.facts import Facts, MarkFact, TestFact
from paceline.tables import nearest

_ISOLATIONS: tuple[str, ...] = get_args(Isolation)
#: The one argument that a suite's marker has.
_KEYWORD = "isolation"


def findings(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with marks."""
    for examined in case.examined:
        if examined.facts is None:
            continue
        facts, tests = examined.facts, _concerned(examined)
        yield from _in_conftests(facts)
        yield from _on_fixtures(facts)
        yield from _replaced(facts, tests)
        yield from _late_usefixtures(tests)
        yield from _arguments(tests)
        yield from _not_isolated(case.suites, facts, tests)
        yield from _unsupported(tests)
        yield from _several_modes(case.suites, tests)
        yield from _groups(examined, tests)
        yield from _names(case.suites, facts)


def _concerned(examined: Examined) -> tuple[TestFact, ...]:
    """Return the tests of the suites that were asked about."""
    names = {suite.name for suite in examined.suites}
    facts = examined.facts
    return tuple(test for test in facts.tests if names & set(test.suites)) if facts else ()


def _suites(tests: Sequence[TestFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for test in tests for name in test.suites))


def _in_conftests(facts: Facts) -> Iterator[Finding]:
    for marks in facts.conftest_marks:
        yield finding(
            "conftest-pytestmark",
            "error",
            f"pytestmark in {marks.path} marks no test ({', '.join(marks.markers)})",
            "Put it into each test module, or call add_marker in pytest_collection_modifyitems.",
            where=(marks.path,),
        )


def _on_fixtures(facts: Facts) -> Iterator[Finding]:
    for fixture in facts.fixtures:
        if fixture.markers:
            yield finding(
                "mark-on-fixture",
                "error",
                f"the marker {fixture.markers[0]!r} on the fixture {fixture.name!r} marks no test",
                "Mark the tests that use the fixture.",
                where=(fixture.where,),
            )


def _replaced(facts: Facts, tests: Sequence[TestFact]) -> Iterator[Finding]:
    harmless = {"integration_engine", "integration_session"}
    for fixture in facts.fixtures:
        if fixture.replaces and fixture.name not in harmless:
            yield finding(
                "fixture-replaced",
                "warning",
                f"the project has a fixture {fixture.name!r}, which is used instead of Paceline's",
                'Remove it, or set isolation = "none" for the suite to keep yours.',
                where=(fixture.where,),
                suites=_suites([test for test in tests if test.isolated]),
            )


def _late_usefixtures(tests: Sequence[TestFact]) -> Iterator[Finding]:
    idle: dict[str, list[TestFact]] = defaultdict(list)
    for test in tests:
        for name in test.idle_fixtures:
            idle[name].append(test)
    for name, found in idle.items():
        yield finding(
            "late-usefixtures",
            "error",
            f"usefixtures({name!r}) was added to a test after its fixtures had been chosen, and does nothing",
            f"Mark the test itself or its class or module, or make {name!r} an autouse fixture.",
            where=(test.where for test in found),
            suites=_suites(found),
        )


def _arguments(tests: Sequence[TestFact]) -> Iterator[Finding]:
    problems: dict[tuple[str, str, str], list[TestFact]] = defaultdict(list)
    for test in tests:
        for mark in test.marks:
            for problem in _problems(mark):
                problems[problem].append(test)
    for (slug, what, remedy), found in problems.items():
        yield finding(
            slug, "error", what, remedy, where=(test.where for test in found), suites=_suites(found)
        )


def _problems(mark: MarkFact) -> Iterator[tuple[str, str, str]]:
    """Yield slug, message and remedy for each argument that means nothing."""
    hint = f"Write @pytest.mark.{mark.name}(isolation={_ISOLATIONS[0]!r})."
    if mark.arguments:
        shown = ", ".join(mark.arguments)
        yield (
            "marker-arguments",
            f"@pytest.mark.{mark.name}({shown}): positional arguments mean nothing",
            hint,
        )
    for name, value in mark.keywords.items():
        if name != _KEYWORD:
            what = f"@pytest.mark.{mark.name}({name}={value}): the argument {name!r} means nothing"
            yield "marker-arguments", what, nearest(name, [_KEYWORD]) or hint
        elif value.strip("'\"") not in _ISOLATIONS:
            what = f"@pytest.mark.{mark.name}({name}={value}): there is no such isolation"
            known = f"Use one of {', '.join(map(repr, _ISOLATIONS))}."
            yield "marker-isolation", what, nearest(value.strip("'\""), _ISOLATIONS) or known


def _mode(suites: Sequence[Suite], test: TestFact) -> str:
    """Return how a test asks to be isolated: by its marker, else the strictest of its suites."""
    for mark in test.marks:
        if _KEYWORD in mark.keywords:
            return mark.keywords[_KEYWORD].strip("'\"")
    modes = {suite.isolation for suite in suites if suite.name in test.suites}
    return next((mode for mode in ("clone", "transaction") if mode in modes), "none")


def _not_isolated(suites: Sequence[Suite], facts: Facts, tests: Sequence[TestFact]) -> Iterator[Finding]:
    found = [test for test in tests if test.kind in ("doctest", "other") and _mode(suites, test) != "none"]
    if found:
        kinds = " or ".join(sorted({"doctest" if test.kind == "doctest" else "plugin" for test in found}))
        yield finding(
            "cannot-isolate",
            "error",
            f"a test that comes from a {kinds} has no fixtures, so nothing isolates it",
            "Write it as a test function, or keep it out of the suite.",
            where=(test.nodeid for test in found),
            suites=_suites(found),
        )
    # Of a suite that couldn't be switched on nothing can be told.
    off = {flag.suite for flag in facts.flags if flag.switch is False}
    bare = [
        test
        for test in tests
        if not off & set(test.suites)
        and test.kind not in ("doctest", "other")
        and _mode(suites, test) == "transaction"
        and not test.isolated
    ]
    if bare:
        yield finding(
            "not-isolated",
            "error",
            "a test of a suite with isolation doesn't use schema_isolation",
            "A plugin or conftest has taken the fixture out again: look for one that changes fixturenames.",
            where=(test.where for test in bare),
            suites=_suites(bare),
        )


def _unsupported(tests: Sequence[TestFact]) -> Iterator[Finding]:
    found: dict[str, list[TestFact]] = defaultdict(list)
    for test in tests:
        if test.unsupported:
            found[test.unsupported].append(test)
    for reason, those in found.items():
        yield finding(
            "unsupported-test",
            "error",
            f"pytest can't run a test: {reason}",
            "Install and configure the plugin that runs it, or mark it as that plugin wants.",
            where=(test.where for test in those),
            suites=_suites(those),
        )


def _several_modes(suites: Sequence[Suite], tests: Sequence[TestFact]) -> Iterator[Finding]:
    modes = {suite.name: suite.isolation for suite in suites}
    found = [
        test
        for test in tests
        if len({modes[name] for name in test.suites if name in modes} - {"none"}) > 1
        and not any(_KEYWORD in mark.keywords for mark in test.marks)
    ]
    if found:
        yield finding(
            "several-isolations",
            "note",
            f"a test belongs to suites with different isolation ({', '.join(_suites(found))}); clone wins",
            "Say what it needs with the marker's argument isolation=.",
            where=(test.where for test in found),
            suites=_suites(found),
        )


def _groups(examined: Examined, tests: Sequence[TestFact]) -> Iterator[Finding]:
    found = [test for test in tests if "xdist_group" in test.markers]
    if not found:
        return
    wrong = [
        suite
        for suite in examined.suites
        if suite.workers and suite.dist != "loadgroup" and any(suite.name in test.suites for test in found)
    ]
    if wrong:
        suite = wrong[0]
        yield finding(
            "xdist-group",
            "error",
            f"xdist_group does nothing: suite {suite.name!r} runs with --dist={suite.dist}",
            f'Set dist = "loadgroup" in [tool.paceline.suite.{suite.name}].',
            where=(test.where for test in found),
            suites=(suite.name for suite in wrong),
        )
    elif examined.facts and examined.facts.dist not in (None, "no", "loadgroup"):
        yield finding(
            "xdist-group",
            "warning",
            f"xdist_group does nothing: pytest runs with --dist={examined.facts.dist}",
            "Put --dist=loadgroup into addopts.",
            where=(test.where for test in found),
            suites=_suites(found),
        )


def _names(suites: Sequence[Suite], facts: Facts) -> Iterator[Finding]:
    """Yield markers that are written wrong, not registered, or on no test."""
    own = {name for suite in suites for name in re.findall(r"\w+", suite.marker)} - {"and", "or", "not"}
    used: dict[str, list[str]] = defaultdict(list)
    for test in facts.tests:
        for name in test.markers:
            used[name].append(test.where)
    for name, places in used.items():
        if name in facts.registered or name in own:
            continue
        near = nearest(name, sorted(own))
        yield finding(
            "marker-typo" if near else "marker-not-registered",
            "error" if near else "note",
            f"the marker {name!r} is not registered" + (", so it selects nothing" if near else ""),
            near or "Declare it under markers in pytest's configuration, or correct its name.",
            where=places,
        )
    idle = [name for name in facts.declared if name not in used and name not in own]
    if idle and facts.tests:
        yield finding(
            "marker-without-tests",
            "note",
            f"declared and on no test: {', '.join(idle)}",
            "Remove the declaration, or look for a marker that is spelled in another way.",
        )
