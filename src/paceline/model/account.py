"""What the time of something was spent on, and what would give some of it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SubjectKind = Literal["run", "file", "test", "fixture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A run, or something in it.

    Attributes:
        name: node id, argname, or path; of a run, its suite or id.
    """

    kind: SubjectKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the things that time was spent on.

    Attributes:
        cause: name of the cause, which doesn't change between versions.
        seconds: wall seconds, summed over processes.
        text: what it was, in a few words.
        where: `file:line` or file; None if unknown.
        count: how often it happened.
        parts: what it consists of, the most first; they add up to it. Empty if it is one thing.
        mostly: of what was done in several places, in words, where most of it was; empty if unknown.
        widely_used: whether it is a fixture of the session or a package, which falls to whichever test needs
            it first or last.
    """

    cause: str
    seconds: float
    text: str
    where: str | None
    count: int
    parts: tuple[Part, ...] = ()
    mostly: str = ""
    widely_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Something to do, and what it would give back.

    Attributes:
        cause: name of the cause, which doesn't change between versions.
        seconds: at most, after everything above it has been done.
        text: what to do and why, as an order.
        where: `file:line` or file; None if unknown.
    """

    cause: str
    seconds: float
    text: str
    where: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerAccount:
    """What one process did while tests ran.

    Attributes:
        worker: "main", or pytest-xdist's name.
        tests: how many ran in it.
        busy: seconds in tests and shared fixtures.
        gaps: seconds between its first and its last test in which it did neither.
        idle: seconds between its last test and the last one of all.
        strip: what it did in equal pieces of the time in which tests ran: `#` a test, `=` a shared fixture,
            `.` neither.
    """

    worker: str
    tests: int
    busy: float
    gaps: float
    idle: float
    strip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the time of a subject was spent on.

    Attributes:
        suite: that the run was of; None if of none.
        seconds: wall seconds, summed over processes; the parts add up to it.
        parts: the most first.
        suggestions: what could be done, what saves most first; no second is saved twice.
        shared: seconds in shared fixtures that happened to be set up or torn down around a test.
        workers: of a whole run with more than one process.
        wall: seconds by the clock from the first test to the last, where there are workers.
        balanced: what `wall` would have been had all workers ended together.
        notes: what else is to be known, such as what the run didn't record.
    """

    subject: Subject
    run_id: str
    suite: str | None
    seconds: float
    parts: tuple[Part, ...]
    suggestions: tuple[Suggestion, ...]
    shared: float = 0.0
    workers: tuple[WorkerAccount, ...] = ()
    wall: float | None = None
    balanced: float | None = None
    notes: tuple[str, ...] = ()
