"""What the page shows of a suite besides its account and its comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from paceline.model.account import Account
from paceline.model.comparison import Comparison
from paceline.model.run import Outcome, RunStatus
from paceline.model.times import TimeKind

PagePart = Literal["timeline", "fixtures", "statements", "waiting", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """What one process did while tests ran.

    Attributes:
        worker: "main", or pytest-xdist's name.
        tests: how many ran in it.
        busy: seconds in tests and shared fixtures.
        idle: seconds between its last test and the last one of all.
        strip: what it did in equal pieces of the time in which tests ran: `#` a test, `=` a shared fixture,
            `.` neither.
        longest: its longest tests and shared fixtures.
    """

    worker: str
    tests: int
    busy: float
    idle: float
    strip: str
    longest: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stretch of a lane that is worth a name.

    Attributes:
        start: seconds since the first test of the run began.
        duration: seconds.
    """

    name: str
    start: float
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureCost:
    """A fixture over a whole run.

    Attributes:
        seconds: of its set-ups and tear-downs, without the fixtures that it requests.
        builds: how often it was set up.
        tests: how many tests asked for one of its builds first.
    """

    name: str
    scope: str
    where: str | None
    seconds: float
    builds: int
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCost:
    """A statement over a whole run.

    Attributes:
        where: `file:line` of the project that ran it; None if unknown.
        seconds: None where they weren't measured.
        rows: fetched or changed; None where nobody counted.
    """

    text: str
    where: str | None
    count: int
    seconds: float | None
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestView:
    """A test of a run, and how long it took in the runs of its suite.

    Attributes:
        lineno: counted from 0; None if unknown.
        setup: seconds, and so `call` and `teardown`; None for a phase that it never reached.
        causes: what it was spent on in a few words, for the slowest ones; else empty.
        history: seconds in every run of the suite, the oldest first; None where it has none.
        verdict: of the comparison; None without one.
        before: lowest, median and highest seconds of the base of the comparison; None without one.
    """

    __test__ = False

    nodeid: str
    path: str
    lineno: int | None
    outcome: Outcome
    worker: str
    setup: float | None
    call: float | None
    teardown: float | None
    causes: str = ""
    history: tuple[float | None, ...] = ()
    verdict: str | None = None
    before: tuple[float, float, float] | None = None

    @property
    def seconds(self) -> float:
        """All its phases together."""
        return (self.setup or 0.0) + (self.call or 0.0) + (self.teardown or 0.0)

    @property
    def worsened(self) -> int:
        """2 if it got slower for sure, 1 by the look of it, else 0."""
        if self.verdict == "regressed":
            return 2
        slower = self.before is not None and self.seconds > self.before[1]
        return int(self.verdict == "inconclusive" and slower)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteView:
    """One suite on the page.

    Attributes:
        name: of the suite; the run's id for a run of none.
        reason: why the run isn't `measured`; None if it is.
        started_at: seconds since the epoch.
        wall: seconds of the whole process; None if unknown.
        facts: name and value of what the run was made with.
        times: seconds by kind, summed over processes, in the order of `TIME_NAMES`.
        span: seconds by the clock from the first test to the end of the last.
        runs: times of the runs in every `history`, in seconds since the epoch, the oldest first.
        after: index of the first of them that belongs to the newest profile; those before it are the past.
        comparison: None if there is nothing to compare with.
        uncompared: why there is none; empty if nobody knows.
        missing: part of the page to why it has nothing to show.
    """

    name: str
    run_id: str
    status: RunStatus
    reason: str | None
    started_at: float
    wall: float | None
    facts: tuple[tuple[str, str], ...]
    account: Account
    times: tuple[tuple[TimeKind, float], ...]
    lanes: tuple[LaneView, ...]
    span: float
    fixtures: tuple[FixtureCost, ...]
    statements: tuple[StatementCost, ...]
    tests: tuple[TestView, ...]
    runs: tuple[float, ...]
    after: int
    comparison: Comparison | None = None
    uncompared: str = ""
    missing: Mapping[PagePart, str] = field(default_factory=dict[PagePart, str])
