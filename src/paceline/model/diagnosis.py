"""What `paceline doctor` says about a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paceline.model.facts import DatabaseFact, EngineFact, FlagOwner

DIAGNOSIS_VERSION = 1

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that doesn't work, or not as it looks.

    Attributes:
        slug: its anchor in the reference page about findings.
        what: what is wrong, one sentence without a full stop.
        remedy: what to do about it.
        where: `file:line`s or node ids, the first of them where there are many.
        count: of how many places.
        suites: those that it is about.
        blocks: whether these can't be measured as long as it stands.
    """

    slug: str
    severity: Severity
    what: str
    remedy: str
    where: tuple[str, ...] = ()
    count: int = 0
    suites: tuple[str, ...] = ()
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A program or library that matters here.

    Attributes:
        version: None: it isn't installed.
        enables: what it is for.
        extra: what to install to have it; empty for what is always there.
    """

    name: str
    version: str | None
    enables: str
    extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteState:
    """One suite as it would run now.

    Attributes:
        marker: its marker expression; empty: every test in its paths.
        tests: how many it has; None: they couldn't be collected.
        skipped: how many of them their own markers skip.
        ready: whether a profile would have figures, as far as can be told without running it.
    """

    name: str
    marker: str
    flag: str
    owner: FlagOwner
    isolation: str
    requires: tuple[str, ...]
    tests: int | None
    skipped: int
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All of it.

    Attributes:
        engines: None: SQLAlchemy isn't in use.
        findings: the worst first.
    """

    version: int = DIAGNOSIS_VERSION
    components: tuple[Component, ...]
    suites: tuple[SuiteState, ...]
    database: DatabaseFact | None
    engines: tuple[EngineFact, ...] | None
    findings: tuple[Finding, ...]
