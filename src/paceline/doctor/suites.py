"""Suites that no test belongs to, that no flag reaches, or whose tests are all skipped: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from paceline.config import Config, Suite
from paceline.doctor.case import Case, Examined, finding
from paceline.model.diagnosis import Finding
from paceline.model.facts import Facts, TestFact

_MOST_REASONS = 3


def findings(case: Case) -> Iterator[Finding]:
    """Yield what keeps suites from running."""
    for examined in case.examined:
        names = tuple(suite.name for suite in examined.suites)
        if examined.failure is not None:
            yield Finding(
                slug="collection",
                severity="error",
                what=examined.failure.what,
                remedy="Correct what pytest says here.",
                where=examined.failure.output,
                suites=names,
                blocks=True,
            )
        if examined.facts is None:
            continue
        for error in examined.facts.collection_errors:
            twice = "conflicting option string" in error.reason
            yield finding(
                "collection",
                "error",
                f"{error.nodeid} can't be collected: {error.reason}",
                "Define the option in the conftest of the root folder: pytest reads that one first."
                if twice
                else f"Correct it; `python -m pytest --collect-only {error.nodeid}` shows all of the error.",
                where=(error.nodeid,),
                suites=names,
                blocks=True,
            )
        for suite in examined.suites:
            yield from _of_suite(case.config, examined, examined.facts, suite)


def _of_suite(config: Config, examined: Examined, facts: Facts, suite: Suite) -> Iterator[Finding]:
    tests = examined.tests(suite)
    if not tests:
        if not facts.collection_errors and examined.failure is None:
            yield _empty(facts, suite)
        return
    yield from _flag(facts, suite)
    yield from _skips(suite, tests)
    yield from _outside(suite, tests)
    yield from _closed(config, facts, suite, tests)
    yield from _addopts(facts, suite, tests)
    if suite.isolation == "clone" and not suite.requires:
        yield finding(
            "isolation-without-database",
            "error",
            f'suite {suite.name!r} has isolation = "clone" and requires no database, so nothing is replaced',
            f'Add requires = ["postgresql"] to [tool.paceline.suite.{suite.name}].',
            suites=(suite.name,),
        )


def _empty(facts: Facts, suite: Suite) -> Finding:
    selected = f"the marker {suite.marker!r}" if suite.marker else f"the paths {', '.join(suite.paths)}"
    more = (
        f"; a conftest or plugin has taken {facts.removed} of the collected tests out"
        if facts.removed
        else ""
    )
    return finding(
        "no-tests",
        "error",
        f"no test belongs to suite {suite.name!r}: none has {selected}{more}"
        if suite.marker
        else f"no test belongs to suite {suite.name!r}: there is none in {selected}{more}",
        f"Mark its tests, or correct or remove [tool.paceline.suite.{suite.name}].",
        suites=(suite.name,),
        blocks=True,
    )


def _flag(facts: Facts, suite: Suite) -> Iterator[Finding]:
    for flag in facts.flags:
        if flag.suite == suite.name and flag.owner == "project" and flag.switch is False:
            yield finding(
                "flag-not-a-switch",
                "error",
                f"the project defines {suite.flag} as an option with a value, and a suite's flag has none",
                f'Give it action="store_true", or name another flag for suite {suite.name!r}.',
                suites=(suite.name,),
                blocks=True,
            )


def _skips(suite: Suite, tests: Sequence[TestFact]) -> Iterator[Finding]:
    skipped = [test for test in tests if test.skipped is not None]
    if not skipped:
        return
    reasons = Counter(test.skipped or "no reason given" for test in skipped).most_common()
    told = "; ".join(f"{reason} ({number})" for reason, number in reasons[:_MOST_REASONS])
    more = f"; {len(reasons) - _MOST_REASONS} more reasons" if len(reasons) > _MOST_REASONS else ""
    everything = len(skipped) == len(tests)
    yield finding(
        "skipped",
        "error" if everything else "note",
        f"{len(skipped)} of {len(tests)} tests of suite {suite.name!r} are skipped by their own markers: "
        f"{told}{more}",
        "Meet the condition, or remove the marker.",
        where=(test.where for test in skipped),
        suites=(suite.name,),
        blocks=everything,
    )


def _outside(suite: Suite, tests: Sequence[TestFact]) -> Iterator[Finding]:
    if not suite.marker or not suite.paths:
        return
    outside = [test for test in tests if not _is_in(test.nodeid, suite.paths)]
    if outside:
        yield finding(
            "outside-paths",
            "warning",
            f"tests of suite {suite.name!r} are outside of its paths, where no profile finds them",
            f"Add their folder to paths in [tool.paceline.suite.{suite.name}], or move them.",
            where=(test.where for test in outside),
            suites=(suite.name,),
        )


def _is_in(nodeid: str, paths: tuple[str, ...]) -> bool:
    cleaned = [path.removeprefix("./").rstrip("/") for path in paths]
    return any(nodeid == path or nodeid.startswith((f"{path}/", f"{path}::", f"{path}[")) for path in cleaned)


def _closed(config: Config, facts: Facts, suite: Suite, tests: Sequence[TestFact]) -> Iterator[Finding]:
    """Yield tests that another suite's gate skips in a run of this one."""
    theirs = {flag.suite for flag in facts.flags if flag.owner == "project"}
    opened = _opened(config, suite)
    closed = {
        other.name: other
        for other in config.suites
        if other.flag and other.flag != suite.flag and other.name not in opened | theirs
    }
    for name, other in closed.items():
        found = [test for test in tests if name in test.suites]
        if found:
            everything = len(found) == len(tests)
            yield finding(
                "closed-gate",
                "error" if everything else "warning",
                f"{suite.flag or 'pytest'} alone skips tests of suite {suite.name!r} that belong to suite "
                f"{name!r} too",
                f'Add implies = ["{name}"] to [tool.paceline.suite.{suite.name}], or give {other.flag} too.',
                where=(test.where for test in found),
                suites=(suite.name,),
                blocks=everything,
            )


def _opened(config: Config, suite: Suite) -> set[str]:
    """Return the suites that are switched on in a run of `suite`."""
    names: set[str] = set()
    waiting = [suite]
    while waiting:
        each = waiting.pop()
        if each.name not in names:
            names.add(each.name)
            waiting += [config.suite(name) for name in each.implies]
    return names


def _addopts(facts: Facts, suite: Suite, tests: Sequence[TestFact]) -> Iterator[Finding]:
    """Yield what a marker expression in addopts does to somebody who types only the flag."""
    expression = _marker_expression(facts.addopts)
    if suite.flag and suite.marker and expression and suite.marker in expression and "not " in expression:
        yield finding(
            "deselected",
            "warning",
            f"addopts has -m {expression!r}: `pytest {suite.flag}` deselects tests of suite {suite.name!r}",
            f"Take -m out of addopts: without {suite.flag} they are skipped anyway.",
            where=(test.where for test in tests),
            suites=(suite.name,),
        )


def _marker_expression(addopts: Sequence[str]) -> str:
    found = ""
    for at, argument in enumerate(addopts):
        if argument == "-m" and at + 1 < len(addopts):
            found = addopts[at + 1]
        elif argument.startswith("-m") and not argument.startswith("--") and len(argument) > 2:
            found = argument[2:].removeprefix("=")
    return found
