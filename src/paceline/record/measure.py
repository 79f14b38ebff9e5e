"""Measures the phases of each test in the process that runs it.

What was measured rides on the phase's own report, as text that is ready to be written: a worker that dies
takes only the test it was running with it, and a string is the cheapest cargo of pytest-xdist.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from functools import cache
from json.encoder import encode_basestring_ascii as quoted  # json.dumps of a string, without its detours
from operator import sub
from typing import TYPE_CHECKING, get_args

import pytest

from paceline.clock import CLOCK
from paceline.errors import PacelineError
from paceline.metrics import PROBES
from paceline.model.run import PHASES, PhaseOutcome, RunStatus
from paceline.store.run_file import line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paceline.metrics.base import Probe

_RUN_STATUSES = frozenset(get_args(RunStatus))
_OUTCOMES = frozenset(get_args(PhaseOutcome))
_LONGEST_REASON = 300


class Measure:
    """Hooks around the three phases of every test."""

    def __init__(
        self,
        worker: str,
        warn: Callable[[str], None],
        named: Callable[[str], str] = str,
        probes: Sequence[Probe] = PROBES,
    ) -> None:
        """Measure with `probes` in the process called `worker`.

        Args:
            warn: called at most once, when something of ours fails.
            named: turns the node id of an item into the one to record.
        """
        self._worker = json.dumps(worker)
        self._warn = warn
        self._named = named
        self._warned = False
        self._running = False
        self._failed_subtests = 0
        self._deselected = 0
        self._reads = [probe.read for probe in probes]
        self._backwards = self._reads[::-1]
        self._phase_text = _phase_text(probes)
        self._started = 0.0
        self._values: tuple[float, ...] = ()
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
        try:
            if self._running:
                # A report that is made while a phase goes on is one of a subtest, which is no phase.
                self._failed_subtests += report.outcome == "failed"
            elif report.when in PHASES:
                self._load(report, item, call)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._give_up(item, error)
        return report

    def pytest_paceline_service(self, name: str, version: str) -> None:
        """Note the version of a service that a set-up found."""
        self.waiting.append(json.dumps({"kind": "service", "name": name, "version": version}))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the tests that were collected for nothing; each of several plugins may deselect some."""
        self._deselected += len(items)

    def pytest_collection_finish(self) -> None:
        """Note how many there were."""
        if self._deselected:
            self.waiting.append(json.dumps({"kind": "deselected", "count": self._deselected}))

    def note(self, kind: str, record: object) -> None:
        """Let `record` travel with the next report."""
        self.waiting.append(line(kind, record))

    def _load(self, report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        cargo = vars(report)
        phase = self._phase(report, call)
        if report.when == "setup":
            cargo["paceline_test"] = self._identity(item)
        cargo["paceline_phase"] = phase
        if self.waiting:
            cargo["paceline_lines"] = "\n".join(self.waiting)
            self.waiting.clear()

    def _give_up(self, item: pytest.Item, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"{item.nodeid!a} is not recorded: {type(error).__name__}: {error}")

    def _start(self) -> list[float]:
        self._running = True
        self._failed_subtests = 0
        self._started = CLOCK.counter()
        return [read() for read in self._reads]

    def _stop(self, before: list[float]) -> None:
        after = [read() for read in self._backwards]
        self._values = tuple(map(sub, after[::-1], before))
        self._running = False

    def _identity(self, item: pytest.Item) -> str:
        path, lineno, _ = item.location
        nodeid = quoted(self._named(item.nodeid))
        markers = _markers(frozenset([marker.name for marker in item.iter_markers()]))
        line_number = "null" if lineno is None else lineno
        return (
            f'"nodeid":{nodeid},"path":{_path(path)},"lineno":{line_number},"markers":{markers},'
            f'"worker":{self._worker}'
        )

    def _phase(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
        outcome, reason = _outcome(report), _reason(report, call)
        if outcome == "passed" and self._failed_subtests:
            # pytest itself says so only when it shows the report.
            outcome, reason = "failed", f',"reason":"{self._failed_subtests} failed subtests"'
        self._failed_subtests = 0
        measured, self._values = self._values, ()
        if not measured:  # another plugin has raised before our turn came
            return f'{{"phase":"{report.when}","outcome":"{outcome}","start":null,"values":{{}}{reason}}}'
        start = CLOCK.at(self._started)
        return self._phase_text % (report.when, outcome, start, *measured, reason)


def _phase_text(probes: Sequence[Probe]) -> str:
    """Return a format for a phase: its name, outcome and start, a value for each probe, further members."""
    names = (quoted(probe.metric.name).replace("%", "%%") for probe in probes)
    values = ",".join(f"{name}:%.7f" for name in names)
    return f'{{"phase":"%s","outcome":"%s","start":%.6f,"values":{{{values}}}%s}}'


@cache
def _path(path: str) -> str:
    return quoted(path.replace("\\", "/"))


@cache
def _markers(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome, report.outcome)
    if report.outcome in _OUTCOMES:
        return report.outcome
    # Another plugin's word, such as "rerun"; it only replaces a failure.
    return "failed"


def _reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """Return the further members of a phase that didn't simply pass."""
    if call.excinfo is None and report.outcome == "passed":
        return ""
    members = ""
    text = _why(report, call)
    if text:
        members = f',"reason":{json.dumps(text[:_LONGEST_REASON])}'
    status = getattr(call.excinfo.value, "run_status", None) if call.excinfo is not None else None
    if isinstance(status, str) and status in _RUN_STATUSES:
        members += f',"run_status":"{status}"'
    return members


def _why(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, pytest.skip.Exception):
        text = error.msg or ""
    elif call.excinfo is not None and not isinstance(error, PacelineError):
        text = call.excinfo.exconly()
    else:
        text = str(error or report.longrepr or "")
    return text.strip().partition("\n")[0]
