"""What a stretch of a run was spent on: operations, fixtures, parts of the session, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

OperationKind = Literal["sql", "sleep", "connect", "dns", "http", "subprocess"]
FixtureScope = Literal["function", "class", "module", "package", "session"]
#: `plugin` is one that pytest loaded, `module` a test module that it collected.
PartKind = Literal["import", "plugin", "conftest", "module"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The same thing done once or more from one place, within one phase or one fixture.

    Attributes:
        what: a statement without its values, `host:port`, method and address of a request, a program.
        where: `file:line` of the project's own frame, relative to the root directory; None if there is none.
        duration: seconds that the caller waited, all times together; None where they aren't measured.
        rows: rows that were fetched or changed; None where nobody counts.
        fixture: argname of the function-scoped fixture in which it happened; None: in none.
    """

    kind: OperationKind
    what: str
    where: str | None
    count: int
    duration: float | None = None
    rows: int | None = None
    fixture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureUse:
    """What a function-scoped fixture took in a phase of a test.

    Attributes:
        baseid: node id of where it is defined; empty for one of a plugin.
        param: id of its parameter; None without one.
        values: metric name to number, with the fixtures that were set up meanwhile.
        own: the same without them.
    """

    argname: str
    baseid: str
    param: str | None = None
    values: Mapping[str, float]
    own: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFixture:
    """One set-up or tear-down of a fixture that more than one test can use. No test's phase contains it.

    Attributes:
        baseid: node id of where it is defined; empty for one of a plugin.
        param: id of its parameter; None without one.
        nodeid: the test in whose phase it happened; None after the last one.
        worker: "main", or pytest-xdist's name.
        start: seconds since the epoch.
        values: metric name to number, with the fixtures that were set up meanwhile.
        own: the same without them.
    """

    argname: str
    baseid: str
    scope: FixtureScope
    param: str | None = None
    event: Literal["setup", "teardown"]
    outcome: Literal["passed", "failed", "skipped"]
    nodeid: str | None
    worker: str
    start: float
    values: Mapping[str, float]
    own: Mapping[str, float]
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPart:
    """Something that a span of the session was spent on before the first test.

    Attributes:
        name: module name of an import; distribution of an installed plugin, or else its module; path of a
            conftest or test module. `*` stands for all fast ones that aren't listed.
        duration: seconds, with the parts within it.
        own: seconds without them.
        compiled: whether Python had to compile the source, for want of cached bytecode; None if unknown.
        compiling: seconds of `own` that compiling took, or pytest's rewriting; None if nothing was compiled.
        count: how many are summed up in it.
        worker: "main", or pytest-xdist's name.
    """

    part: PartKind
    name: str
    duration: float
    own: float
    compiled: bool | None = None
    compiling: float | None = None
    count: int = 1
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleMemory:
    """Resident memory of a process around the tests of one module, in bytes.

    Attributes:
        path: the test module, relative to the root directory.
        before: when its first test began.
        after: when its last one had ended, its module-scoped fixtures included.
    """

    path: str
    before: int
    after: int
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """What a process used, and what else its machine did meanwhile; None where the system doesn't tell.

    Attributes:
        worker: "main", or pytest-xdist's name.
        load: processes that wanted to run, on average over the last minute of the session.
        steal: seconds that a hypervisor gave to others during the session, over all processors.
        throttled: seconds that the container was kept from running during the session.
        cpu_time: seconds since the process was started.
        children_cpu_time: seconds of the child processes that it waited for.
        peak_rss: highest resident memory in bytes.
    """

    worker: str
    load: float | None
    steal: float | None
    throttled: float | None
    cpu_time: float | None
    children_cpu_time: float | None
    peak_rss: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Everything of this kind that a run file says."""

    fixtures: tuple[SharedFixture, ...] = ()
    parts: tuple[SessionPart, ...] = ()
    memory: tuple[ModuleMemory, ...] = ()
    processes: tuple[ProcessState, ...] = ()
