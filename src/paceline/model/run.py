"""One pytest run, as the recorder saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from paceline.model.cost import Costs, FixtureUse, Operation
from paceline.model.environment import Environment, Revision
from paceline.model.metric import Metric

SCHEMA_VERSION = 1

PhaseName = Literal["setup", "call", "teardown"]
PHASES: tuple[PhaseName, ...] = ("setup", "call", "teardown")
PhaseOutcome = Literal["passed", "failed", "skipped", "xfailed", "xpassed", "crashed"]
Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "crashed", "incomplete"]
OUTCOMES: tuple[Outcome, ...] = (
    "passed",
    "failed",
    "error",
    "skipped",
    "xfailed",
    "xpassed",
    "crashed",
    "incomplete",
)
#: Of tests that went the way they were meant to, so that what they took can be compared.
AS_MEANT: frozenset[Outcome] = frozenset({"passed", "xfailed", "xpassed"})
RunStatus = Literal[
    "measured",
    "tests_failed",
    "not_provisioned",
    "no_tests",
    "collection_error",
    "provisioning_error",
    "interrupted",
    "crashed",
]
#: In the order in which they happen. `tests` spans the run loop, so the phases lie within it.
SpanName = Literal["startup", "configure", "collection", "tests", "finish"]
SPANS: tuple[SpanName, ...] = ("startup", "configure", "collection", "tests", "finish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of one test.

    Attributes:
        start: seconds since the epoch.
        values: metric name to number, in the metric's unit.
        reason: first line of why it was skipped or failed.
        run_status: set when the phase ended with an exception that decides the status of the whole run.
        fixtures: the function-scoped ones that it set up or tore down; shared ones aren't in `values`.
        operations: what it did, outside of shared fixtures.
    """

    phase: PhaseName
    outcome: PhaseOutcome
    start: float | None
    values: Mapping[str, float]
    reason: str | None = None
    run_status: RunStatus | None = None
    fixtures: tuple[FixtureUse, ...] = ()
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRecord:
    """One attempt at one test.

    Attributes:
        nodeid: pytest's.
        path: file of the test relative to the root directory, with forward slashes.
        lineno: line of the test in its file, counted from 0 as pytest does; None if unknown.
        markers: names of the markers on the test, sorted.
        worker: "main", or pytest-xdist's name such as "gw0".
        attempt: 1, or more when a plugin ran the test again.
        phases: in the order in which they ran; a phase that was never reached is absent.
        source_hash: of the code of the test's own function and class; None if it was not recorded.
        budget: seconds that its marker `budget` grants it; None without one.
    """

    __test__ = False  # keeps pytest from collecting the class where a test module imports it

    nodeid: str
    path: str
    lineno: int | None
    markers: tuple[str, ...]
    worker: str
    attempt: int
    phases: tuple[Phase, ...]
    source_hash: str | None = None
    budget: float | None = None

    @property
    def outcome(self) -> Outcome:
        """Derived from the phases as pytest counts tests; `incomplete` if the tear-down never reported."""
        outcomes: dict[PhaseName, PhaseOutcome] = {phase.phase: phase.outcome for phase in self.phases}
        if "crashed" in outcomes.values():
            return "crashed"
        if "failed" in (outcomes.get("setup"), outcomes.get("teardown")):
            return "error"
        call = outcomes.get("call")
        if call is not None and call != "passed":
            return call
        if outcomes.get("setup") in ("skipped", "xfailed"):
            return outcomes["setup"]
        return "passed" if call == "passed" and "teardown" in outcomes else "incomplete"


def place_of(path: str, lineno: int | None) -> str:
    """Return the file and line of a test, as editors count them, for a `lineno` as pytest counts them.

    It is the file alone where the line is unknown.
    """
    return path if lineno is None else f"{path}:{lineno + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpan:
    """A stretch of a session that isn't a test.

    Attributes:
        duration: seconds; None where this system doesn't tell.
        cpu_time: CPU seconds of that process.
        worker: the process it was measured in: "main" or a worker.
    """

    name: SpanName
    duration: float | None
    cpu_time: float
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What pytest was told, from every source.

    Attributes:
        command_line: arguments as given to pytest.
        addopts: from the project's configuration file.
        environment: content of PYTEST_ADDOPTS.
        marker_expression: effective `-m`; empty selects everything.
        paths: effective files and folders.
    """

    command_line: tuple[str, ...]
    addopts: tuple[str, ...]
    environment: str
    marker_expression: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What is known before the first test.

    Attributes:
        run_id: unique, sortable by time.
        suite: None for a run that doesn't belong to a suite.
        round: 1 for the first.
        started_at: seconds since the epoch.
        workers: number of pytest-xdist workers; 0 without it.
        dist: pytest-xdist's distribution mode; None without workers.
        seed: of a plugin that shuffles the tests; None if the order is the collected one.
        hash_seed: content of PYTHONHASHSEED; None if unset.
        test_patterns: pytest's `python_files`.
        test_paths: pytest's `testpaths`.
        environment: None only in a run that another program has recorded and that doesn't say.
        shard: part of the suite that this run is, such as "2/3"; None for the whole.
    """

    schema_version: int
    run_id: str
    suite: str | None
    round: int
    started_at: float
    paceline: str
    arguments: Arguments
    workers: int
    dist: str | None
    seed: str | None
    hash_seed: str | None
    test_patterns: tuple[str, ...]
    test_paths: tuple[str, ...]
    environment: Environment | None
    revision: Revision | None
    metrics: tuple[Metric, ...]
    shard: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How pytest ended.

    Attributes:
        exit_code: pytest's own; None when it never said.
        signal: number of the signal that ended the process.
        stalled: whether it was ended because no test had moved for too long.
        duration: wall seconds of the whole process, where the profile started it.
        cpu_time: CPU seconds of the process and of every descendant it waited for.
        ended_at: seconds since the epoch.
    """

    exit_code: int | None
    signal: int | None = None
    stalled: bool = False
    duration: float | None = None
    cpu_time: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionError:
    """A file or folder that could not be collected.

    Attributes:
        reason: the last line of the error.
    """

    nodeid: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOff:
    """A metric that could not be read in a process; none of its tests has it.

    Attributes:
        name: the metric's.
        reason: why.
        worker: "main", or pytest-xdist's name.
    """

    name: str
    reason: str
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that one run file says.

    Attributes:
        collected: node ids that were selected to run; None if collection never finished.
        deselected: how many tests were collected and not selected.
        metrics_off: metrics of the header that a process could not read.
        services: service name to version, as set-ups reported them.
        end: None if the file was cut before pytest ended.
    """

    header: RunHeader
    collected: tuple[str, ...] | None = None
    deselected: int = 0
    collection_errors: tuple[CollectionError, ...] = ()
    tests: tuple[TestRecord, ...] = ()
    spans: tuple[SessionSpan, ...] = ()
    costs: Costs = field(default_factory=Costs)
    metrics_off: tuple[MetricOff, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    end: RunEnd | None = None
