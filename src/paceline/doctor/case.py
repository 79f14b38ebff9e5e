"""What the rules look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from paceline.config import Config, Suite
from paceline.model.diagnosis import Component, Finding, Severity
from paceline.model.facts import Facts, TestFact

#: Places that a finding names before it only counts.
MOST_PLACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Pytest ended before it had collected the tests.

    Attributes:
        what: how, without a full stop.
        output: the end of what it said.
    """

    what: str
    output: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Suites that were collected together.

    Attributes:
        facts: None: pytest didn't come so far.
        failure: how it ended when something was wrong.
    """

    suites: tuple[Suite, ...]
    facts: Facts | None
    failure: Failure | None = None

    def tests(self, suite: Suite) -> tuple[TestFact, ...]:
        """Return the tests of `suite`."""
        return tuple(test for test in self.facts.tests if suite.name in test.suites) if self.facts else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known.

    Attributes:
        suites: those that were asked about.
        examined: one for each kind of arguments and environment that the suites have.
        autoload: whether pytest loads installed plugins by itself here.
    """

    config: Config
    suites: tuple[Suite, ...]
    components: tuple[Component, ...]
    examined: tuple[Examined, ...]
    autoload: bool = True

    def installed(self, name: str) -> str | None:
        """Return the version of a component, or None."""
        return next((each.version for each in self.components if each.name == name), None)


def finding(
    slug: str,
    severity: Severity,
    what: str,
    remedy: str,
    *,
    where: Iterable[str] = (),
    suites: Iterable[str] = (),
    blocks: bool = False,
) -> Finding:
    """Return a finding that names the first places and counts the others."""
    places = tuple(dict.fromkeys(where))
    return Finding(
        slug=slug,
        severity=severity,
        what=what,
        remedy=remedy,
        where=places[:MOST_PLACES],
        count=len(places),
        suites=tuple(dict.fromkeys(suites)),
        blocks=blocks,
    )
