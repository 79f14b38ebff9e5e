"""The one file that knows how pytest-xdist moves things between its controller and its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paceline.record.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from paceline.record.measure import Measure
    from paceline.record.reports import Reports
    from paceline.record.writer import Writer


#: The phase of a report that pytest-xdist makes up for a test whose worker died.
CRASHED = "???"


def worker_name(config: pytest.Config) -> str | None:
    """Return the name of the pytest-xdist worker that this process is, or None."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    return None if given is None else str(given["workerid"])


def worker_of(report: Any) -> str:
    """Return the name of the worker that sent `report`; "main" for one of this process."""
    return str(report.node.gateway.id) if hasattr(report, "node") else "main"


def layout(config: pytest.Config) -> tuple[int, str | None]:
    """Return the number of workers and how tests are distributed; `(0, None)` without pytest-xdist."""
    dist = str(config.getoption("dist", default="no"))
    specifications: list[str] = config.getoption("tx", default=None) or []
    if dist == "no" or not specifications:
        return 0, None
    # `3*popen` stands for three workers.
    counts = (text.partition("*")[0] for text in specifications)
    return sum(int(count) if count.isdigit() else 1 for count in counts), dist


def naming(config: pytest.Config) -> Callable[[str], str]:
    """Return what turns the node ids of this process, worker or controller, into those of a serial run."""
    grouped = (
        config.getoption("loadgroup", default=False) or config.getoption("dist", default="") == "loadgroup"
    )
    return _ungrouped if grouped else str


def _ungrouped(nodeid: str) -> str:
    # pytest-xdist writes `@GROUP` behind the node ids of a group.
    name, at, group = nodeid.rpartition("@")
    return nodeid if not at or "]" in group or "::" in group else name


class WorkerSide:
    """In a worker: sends what no report has carried when the session ends."""

    def __init__(self, config: pytest.Config, measure: Measure) -> None:
        """Send the waiting lines of `measure`."""
        self._config = config
        self._measure = measure
        self._machine = Machine(str(worker_name(config)))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the waiting lines where the controller finds them; pytest-xdist's wrapper sends them."""
        self._measure.finish()
        self._measure.note("process", self._machine.state())
        output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
        output["paceline_lines"] = "\n".join(self._measure.waiting)


class ControllerSide:
    """In the controller: takes what workers send besides reports."""

    def __init__(self, writer: Writer, reports: Reports, named: Callable[[str], str]) -> None:
        """Pass everything to `writer`, or `reports`, with the node ids that `named` makes of the workers'."""
        self._writer = writer
        self._reports = reports
        self._named = named
        self._collected = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the collected tests once; pytest-xdist makes sure that all workers have the same."""
        if not self._collected:
            self._collected = True
            self._writer.note("collected", {"nodeids": [self._named(nodeid) for nodeid in ids]})

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Write the last lines of a worker that ended in good order."""
        output: dict[str, Any] = getattr(node, "workeroutput", None) or {}
        if output.get("paceline_lines"):
            self._writer.write(output["paceline_lines"])

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Take what had been sent when the run was interrupted: pytest-xdist handles none of it any more."""
        try:
            return (yield)
        finally:
            for event in _unhandled(session.config):
                match event:
                    case ("testreport", {"node": node, "rep": pytest.TestReport() as report}):
                        vars(report)["node"] = node
                        self._reports.pytest_runtest_logreport(report)
                    case ("workerfinished", {"node": node}):
                        self.pytest_testnodedown(node)
                    case _:
                        continue


def _unhandled(config: pytest.Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events that pytest-xdist has received from its workers and left in its queue."""
    events: Any = getattr(config.pluginmanager.get_plugin("dsession"), "queue", None)
    while events is not None and not events.empty():
        yield events.get_nowait()
