"""Measures the phases of each test in the process that runs it.

What was measured rides on the phase's own report, as text that is ready to be written: a worker that dies
takes only the test it was running with it, and a string is the cheapest cargo of pytest-xdist.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, get_args

import pytest

from paceline.clock import CLOCK
from paceline.metrics import PROBES
from paceline.model.run import RunStatus
from paceline.store.run_file import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paceline.metrics.base import Probe

_RUN_STATUSES = frozenset(get_args(RunStatus))
_LONGEST_REASON = 300


class Measure:
    """Hooks around the three phases of every test."""

    def __init__(self, worker: str, probes: Sequence[Probe] = PROBES) -> None:
        """Measure with `probes` in the process called `worker`."""
        self._worker = json.dumps(worker)
        self._names = [json.dumps(probe.metric.name) for probe in probes]
        self._reads = [probe.read for probe in probes]
        self._started = 0.0
        self._values: list[float] = []
        #: Whole lines that wait for the next report, such as the spans of a worker.
        self.waiting: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Measure the set-up."""
        before = self._start()
        try:
            return (yield)
        finally:
            self._stop(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Measure the test's own function."""
        before = self._start()
        try:
            return (yield)
        finally:
            self._stop(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Measure the tear-down."""
        before = self._start()
        try:
            return (yield)
        finally:
            self._stop(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what was measured on the report, after every other plugin has had its say on the outcome."""
        report = yield
        cargo = vars(report)
        if report.when == "setup":
            cargo["paceline_test"] = self._identity(item)
        cargo["paceline_phase"] = self._phase(report, call)
        if self.waiting:
            cargo["paceline_lines"] = "\n".join(self.waiting)
            self.waiting.clear()
        return report

    def pytest_paceline_service(self, name: str, version: str) -> None:
        """Note the version of a service that a set-up found."""
        self.waiting.append(json.dumps({"kind": "service", "name": name, "version": version}))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note how many tests were collected for nothing."""
        self.waiting.append(json.dumps({"kind": "deselected", "count": len(items)}))

    def note(self, kind: str, record: object) -> None:
        """Let `record` travel with the next report."""
        self.waiting.append(line(kind, record))

    def _start(self) -> list[float]:
        self._started = CLOCK.counter()
        return [read() for read in self._reads]

    def _stop(self, before: list[float]) -> None:
        after = [read() for read in reversed(self._reads)]
        after.reverse()
        self._values = [end - start for start, end in zip(before, after, strict=True)]

    def _identity(self, item: pytest.Item) -> str:
        path, lineno, _ = item.location
        markers = sorted({marker.name for marker in item.iter_markers()})
        return (
            f'"nodeid":{json.dumps(item.nodeid)},"path":{json.dumps(path.replace(chr(92), "/"))},'
            f'"lineno":{json.dumps(lineno)},"markers":{json.dumps(markers)},"worker":{self._worker}'
        )

    def _phase(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
        values = ",".join(
            f"{name}:{value:.7f}" for name, value in zip(self._names, self._values, strict=True)
        )
        return (
            f'{{"phase":"{report.when}","outcome":"{_outcome(report)}",'
            f'"start":{CLOCK.at(self._started):.6f},"values":{{{values}}}{_reason(report, call)}}}'
        )


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome, report.outcome)
    return report.outcome


def _reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """Return the further members of a phase that didn't simply pass."""
    if call.excinfo is None and report.outcome == "passed":
        return ""
    members = ""
    text = _why(report, call)
    if text:
        members = f',"reason":{json.dumps(text[:_LONGEST_REASON])}'
    status = getattr(call.excinfo.value, "run_status", None) if call.excinfo is not None else None
    if status in _RUN_STATUSES:
        members += f',"run_status":"{status}"'
    return members


def _why(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    if call.excinfo is not None:
        return call.excinfo.exconly().partition("\n")[0]
    return str(report.longrepr or "").partition("\n")[0]
