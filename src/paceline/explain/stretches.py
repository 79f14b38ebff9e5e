"""A run as stretches of time that don't overlap: nothing is counted twice, and nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from paceline.explain.timeline import Timeline, busy, wall
from paceline.model.cost import FixtureScope, Operation, SessionPart, SharedFixture
from paceline.model.run import Phase, PhaseName, Run, SpanName, TestRecord

ROOT_CONFTEST = "conftest.py"
StretchKind = Literal["body", "fixture", "shared", "part", "span", "between", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureName:
    """A fixture, wherever it is used.

    Attributes:
        baseid: node id of where it is defined; empty for one of a plugin or of the root conftest.
        param: id of its parameter; None without one.
    """

    argname: str
    baseid: str
    scope: FixtureScope
    param: str | None = None

    @property
    def path(self) -> str | None:
        """The file that defines it; None for one of a plugin or of the root conftest."""
        file = self.baseid.partition("::")[0]
        if not file:
            return None
        return file if file.endswith(".py") else f"{file}/conftest.py"

    def place(self, lines: Mapping[tuple[str, str], int]) -> str | None:
        """Return the file, and the line if `lines` of functions by file and name has it; None if unknown."""
        # The root conftest has the same empty node id as plugins.
        path = self.path or ROOT_CONFTEST
        line = lines.get((path, self.argname))
        return self.path if line is None else f"{path}:{line}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Some time of one process that belongs to one thing.

    Attributes:
        kind: `body` is a phase without its fixtures; `fixture` one for a test and `shared` one for several,
            both without the fixtures that they request; `part` a file or module before the first test; `span`
            what is left of a span of the session; `between` what is left of the run loop; `idle` a worker
            that had ended before another.
        seconds: wall seconds.
        name: of a `part` or `span`.
        importer: for an import, the file or plugin whose loading it was part of, if any.
        values: metric name to number, for this stretch alone.
        recorded: whether this run recorded fixtures; if not, a body contains them.
        crowding: seconds that the run's phases waited for a processor, for each second that they had one.
    """

    kind: StretchKind
    seconds: float
    worker: str
    nodeid: str | None = None
    path: str | None = None
    lineno: int | None = None
    phase: PhaseName | None = None
    fixture: FixtureName | None = None
    teardown: bool = False
    name: str = ""
    part: SessionPart | None = None
    importer: SessionPart | None = None
    values: Mapping[str, float]
    operations: tuple[Operation, ...] = ()
    recorded: bool = True
    crowding: float = 0.0


def fixture_files(run: Run) -> set[str]:
    """Return the files that may define fixtures of `run`."""
    names = [FixtureName(argname=e.argname, baseid=e.baseid, scope=e.scope) for e in run.costs.fixtures]
    names += [
        FixtureName(argname=use.argname, baseid=use.baseid, scope="function")
        for test in run.tests
        for phase in test.phases
        for use in phase.fixtures
    ]
    return {name.path or ROOT_CONFTEST for name in names}


def stretches(run: Run, timeline: Timeline) -> Iterator[Stretch]:
    """Yield every stretch of `run`; per process they add up to its spans."""
    used = bool(run.costs.fixtures) or any(phase.fixtures for test in run.tests for phase in test.phases)
    recorded = used or bool(run.costs.parts)  # whoever records imports records fixtures
    paths = {test.nodeid: test.path for test in run.tests}
    crowding = _crowding(run)
    for test in run.tests:
        for phase in test.phases:
            yield from _of_phase(test, phase, recorded=recorded, crowding=crowding)
    for event in run.costs.fixtures:
        yield _of_shared(event, paths)
    yield from _around(run, timeline)


def _crowding(run: Run) -> float:
    sums = {"run_delay": 0.0, "cpu_time": 0.0}
    for test in run.tests:
        for phase in test.phases:
            for name in sums:
                sums[name] += phase.values.get(name, 0.0)
    return sums["run_delay"] / sums["cpu_time"] if sums["cpu_time"] > 0 else 0.0


def _of_phase(test: TestRecord, phase: Phase, *, recorded: bool, crowding: float) -> Iterator[Stretch]:
    seconds = wall(phase.values)
    body = Stretch(
        kind="body",
        seconds=seconds,
        worker=test.worker,
        nodeid=test.nodeid,
        path=test.path,
        lineno=test.lineno,
        phase=phase.phase,
        values=phase.values,
        operations=tuple(operation for operation in phase.operations if operation.fixture is None),
        recorded=recorded,
        crowding=crowding,
    )
    left, values = seconds, dict(phase.values)
    told: set[str] = set()
    for use in phase.fixtures:
        own = min(left, wall(use.own))
        left -= own
        values = {name: number - use.own.get(name, 0.0) for name, number in values.items()}
        inside = () if use.argname in told else phase.operations
        told.add(use.argname)  # two of one name, one of which overrides the other, share what they did
        name = FixtureName(argname=use.argname, baseid=use.baseid, scope="function", param=use.param)
        yield replace(
            body,
            kind="fixture",
            seconds=own,
            fixture=name,
            teardown=phase.phase == "teardown",
            values=use.own,
            operations=tuple(operation for operation in inside if operation.fixture == use.argname),
        )
    strays = tuple(operation for operation in phase.operations if operation.fixture not in {None, *told})
    yield replace(body, seconds=left, values=values, operations=body.operations + strays)


def _of_shared(event: SharedFixture, paths: Mapping[str, str]) -> Stretch:
    name = FixtureName(argname=event.argname, baseid=event.baseid, scope=event.scope, param=event.param)
    return Stretch(
        kind="shared",
        seconds=wall(event.own),
        worker=event.worker,
        nodeid=event.nodeid,
        path=paths.get(event.nodeid or "", name.path),
        fixture=name,
        teardown=event.event == "teardown",
        values=event.own,
        operations=event.operations,
    )


#: Spans before the first test, in the order in which parts of a kind are looked for in them.
_BEFORE: tuple[SpanName, ...] = ("collection", "configure", "startup")


def _around(run: Run, timeline: Timeline) -> Iterator[Stretch]:
    spans: dict[str, dict[SpanName, float]] = {}
    for span in run.spans:
        found = spans.setdefault(span.worker, {})
        found[span.name] = found.get(span.name, 0.0) + max(0.0, span.duration or 0.0)
    for part in run.costs.parts:
        spans.setdefault(part.worker, {})
    for worker, found in spans.items():
        yield from _before(worker, found, [part for part in run.costs.parts if part.worker == worker])
        if "finish" in found:
            yield _span(worker, "finish", found["finish"])
        # What a controller of pytest-xdist does in its run loop is wait for the workers.
        if "tests" in found and (worker != "main" or not run.header.workers):
            left = max(0.0, found["tests"] - busy(run, worker))
            yield _span(worker, "between", left, kind="between")
    for lane in timeline.lanes if run.header.workers else ():
        idle = max(0.0, timeline.end - lane.end - spans.get(lane.worker, {}).get("finish", 0.0))
        yield _span(lane.worker, "idle", idle, kind="idle")


def _before(worker: str, spans: Mapping[SpanName, float], parts: list[SessionPart]) -> Iterator[Stretch]:
    """Yield the parts of the spans before the first test, and what they leave of each."""
    left = {name: spans[name] for name in _BEFORE if name in spans}
    # Without spans, in a run that was cut, the parts still say what they took.
    known = bool(left)
    importer: SessionPart | None = None
    for part in parts:
        # They stand in the order in which they began, so what a file imports stands behind it.
        if part.part != "import":
            importer = part
        elif part.name == "*":
            importer = None
        wanted = max(0.0, part.own)
        if known:
            taken = 0.0
            for name, room in left.items():
                piece = min(wanted - taken, room)
                left[name] = room - piece
                taken += piece
            wanted = taken
        yield Stretch(
            kind="part",
            seconds=wanted,
            worker=worker,
            path=_file_of(part if part.part != "import" else importer),
            name=part.name,
            part=part,
            importer=importer if part.part == "import" else None,
            values={},
        )
    for name, seconds in left.items():
        yield _span(worker, name, seconds)


def _file_of(part: SessionPart | None) -> str | None:
    return part.name if part is not None and part.part in ("conftest", "module") else None


def _span(worker: str, name: str, seconds: float, kind: StretchKind = "span") -> Stretch:
    return Stretch(kind=kind, seconds=seconds, worker=worker, name=name, values={})
