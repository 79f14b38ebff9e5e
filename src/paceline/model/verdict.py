"""What CI says of a change, small enough to be carried from one workflow to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

VERDICT_VERSION = 1

#: Worst first. Up to `tests_failed` the job fails; `no_baseline` and `not_comparable` are no judgement.
State = Literal[
    "regressed",
    "not_provisioned",
    "not_measured",
    "tests_failed",
    "justified",
    "not_comparable",
    "no_baseline",
    "passed",
]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFinding:
    """A series that changed, as a person reads it.

    Attributes:
        word: such as "regressed".
        what: what was measured.
        why: what it was spent on, by whom it was justified, or what keeps it from being judged.
        where: `file:line`, relative to the repository; None if unknown.
    """

    word: str
    what: str
    before: str
    after: str
    change: str
    why: str
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteVerdict:
    """One suite.

    Attributes:
        sentence: what became of it.
        tests: how many ran.
        failed: how many of them failed.
        wall: seconds that it took; None if it wasn't measured.
        base: what it was compared with; empty if with nothing.
        findings: the worst first.
        more: how many findings were left out.
        notes: what else the reader should know.
    """

    suite: str
    state: State
    sentence: str
    tests: int = 0
    failed: int = 0
    wall: float | None = None
    base: str = ""
    findings: tuple[SuiteFinding, ...] = ()
    more: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All suites of a change, the worst first.

    Attributes:
        commit: full hash of what was measured; None if unknown.
    """

    schema_version: int = VERDICT_VERSION
    commit: str | None = None
    suites: tuple[SuiteVerdict, ...] = ()

    @property
    def worst(self) -> State:
        """Return the state of the worst suite; without any, nothing was measured."""
        states = {suite.state for suite in self.suites}
        for state in STATES:
            if state in states:
                return state
        return "not_measured"
