"""What one or more runs of a suite say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paceline.model.cost import SharedFixture
from paceline.model.environment import Environment, Revision
from paceline.model.metric import Metric
from paceline.model.run import Outcome, PhaseName, RunStatus

#: Statuses of runs whose timings count: every selected test was tried.
MEASURED_STATUSES: frozenset[RunStatus] = frozenset({"measured", "tests_failed"})
#: Name of what the run loop took besides the phases of the tests, among `Profile.totals`.
BETWEEN = "between"
#: Times of a test from the best to judge on to the last resort.
TIMES = ("clean_time", "duration")
#: Metric that counts how often a shared fixture was set up.
SETUPS = "setups"
#: Name of what fixtures took that more than one test can use, among `Profile.totals`; no phase contains them.
SHARED = "shared_fixtures"
#: Name of what isolation took in all phases, which their own totals leave out, among `Profile.totals`.
ISOLATION = "isolation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Several measurements of one thing, in the metric's unit.

    Attributes:
        n: how many.
        spread: median absolute deviation from the median; None for a single measurement.
    """

    n: int
    median: float
    spread: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSeries:
    """One test over all rounds.

    Attributes:
        outcome: of the last round.
        phases: phase to metric name to summary; a phase that was never reached is absent.
        source_hash: of the test's own code; None if it was not recorded.
        budget: seconds that its marker grants it; None without one.
    """

    __test__ = False

    nodeid: str
    outcome: Outcome
    phases: Mapping[PhaseName, Mapping[str, Summary]]
    source_hash: str | None = None
    budget: float | None = None

    def seconds(self, metric: str) -> float:
        """Return the median seconds of all phases by one time, 0.0 without any."""
        return sum(metrics[metric].median for metrics in self.phases.values() if metric in metrics)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTest:
    """A phase of a test that is among the slowest, with its median seconds."""

    nodeid: str
    duration: float
    phase: PhaseName


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt at measuring a suite that gave no figures.

    Attributes:
        at: ISO 8601 time.
    """

    status: RunStatus
    reason: str | None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The figures of one suite.

    Attributes:
        marker: pytest marker expression that selected the tests.
        command: what to type to run the same tests.
        status: `measured` or `tests_failed` with figures; anything else says why there are none.
        recorded_at: ISO 8601 time of the last run.
        rounds: how many runs the figures come from.
        wall_time: seconds of the whole pytest process.
        cpu_time: CPU seconds of that process and every descendant it waited for.
        totals: part of the session (spans and phases, summed over processes) to metric name to summary.
        fixtures: shared fixture (see `fixture_name`) to metric name to summary, summed over its set-ups and
            tear-downs; the metric `setups` counts how often it was set up.
        metrics: declarations of the metrics that were recorded; empty where the file doesn't say.
        unreported: tests that were collected but whose end was never reported, in any round.
        unstable: tests whose outcome was not the same in every round; they depend on order, timing or one
            another.
    """

    suite: str
    marker: str
    command: str
    status: RunStatus
    reason: str | None = None
    recorded_at: str | None = None
    rounds: int = 0
    workers: int = 0
    dist: str | None = None
    seed: str | None = None
    wall_time: Summary | None = None
    cpu_time: Summary | None = None
    outcomes: Mapping[Outcome, int] = field(default_factory=dict[Outcome, int])
    totals: Mapping[str, Mapping[str, Summary]] = field(default_factory=dict[str, Mapping[str, Summary]])
    tests: tuple[TestSeries, ...] = ()
    fixtures: Mapping[str, Mapping[str, Summary]] = field(default_factory=dict[str, Mapping[str, Summary]])
    metrics: tuple[Metric, ...] = ()
    unreported: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    environment: Environment | None = None
    revision: Revision | None = None

    @property
    def has_figures(self) -> bool:
        """Whether timings may be read from this profile."""
        return self.status in MEASURED_STATUSES and self.wall_time is not None


def fixture_name(fixture: SharedFixture) -> str:
    """Return what a shared fixture is called among `Profile.fixtures`: where it is defined, and its name."""
    place = f"{fixture.baseid}::{fixture.argname}" if fixture.baseid else fixture.argname
    return place if fixture.param is None else f"{place}[{fixture.param}]"
