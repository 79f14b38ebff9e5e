"""Measures the phases of each test in the process that runs it.

What was measured rides on the phase's own report, as text that is ready to be written: a worker that dies
takes only the test it was running with it, and a string is the cheapest cargo of pytest-xdist.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from json.encoder import encode_basestring_ascii as quoted
from operator import sub
from typing import TYPE_CHECKING

import pytest

from paceline.clock import CLOCK
from paceline.model.run import PHASES, MetricOff
from paceline.record.fixtures import Fixtures
from paceline.record.meter import Meter
from paceline.record.outcome import outcome, reason
from paceline.record.text import identity_text, values_text
from paceline.store.run_file import line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paceline.metrics.base import Probe
    from paceline.record.meter import Reading


class Measure:
    """Hooks around the three phases of every test."""

    def __init__(
        self,
        worker: str,
        warn: Callable[[str], None],
        probes: Sequence[Probe],
        named: Callable[[str], str] = str,
    ) -> None:
        """Measure with `probes` in the process called `worker`.

        Args:
            warn: called at most once for each failure of ours.
            named: turns the node id of an item into the one to record.
        """
        #: Whole lines that wait for the next report, such as the spans of a worker.
        self.waiting: list[str] = []
        self._plain_worker = worker
        self._worker = quoted(worker)
        self._warn = warn
        self._named = named
        self._warned = False
        self._running = False
        self._failed_subtests = 0
        self._deselected = 0
        self.meter = Meter(probes, self._lost)
        self._read = self.meter.read
        self._text = values_text([metric for probe in probes for metric in probe.metrics])
        self.fixtures = Fixtures(self.meter, self.waiting.append, self._text, self._worker)
        self._started = 0.0
        self._before: Reading = []
        self._values: Reading = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure the set-up."""
        self.fixtures.nodeid = quoted(self._named(item.nodeid))
        self._start()
        try:
            return (yield)
        finally:
            self._stop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Measure the test's own function."""
        self._start()
        try:
            return (yield)
        finally:
            self._stop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Measure the tear-down."""
        self._start()
        try:
            return (yield)
        finally:
            self._stop()

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

    def finish(self) -> None:
        """Leave what nobody has reported among the waiting lines, and stop reading."""
        self.fixtures.release()
        self.meter.close()

    def _lost(self, metric: str, why: str) -> None:
        self.note("metric_off", MetricOff(name=metric, reason=why, worker=self._plain_worker))
        self._warn(f"the metric {metric!r} is switched off: {why}")

    def _load(self, report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        cargo = vars(report)
        phase = self._phase(report, call)
        if report.when == "setup":
            cargo["paceline_test"] = identity_text(item, self._named(item.nodeid), self._worker)
        elif report.when == "teardown":
            self.fixtures.nodeid = "null"
        cargo["paceline_phase"] = phase
        if self.waiting:
            cargo["paceline_lines"] = "\n".join(self.waiting)
            self.waiting.clear()

    def _give_up(self, item: pytest.Item, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"{item.nodeid!a} is not recorded: {type(error).__name__}: {error}")

    def _start(self) -> None:
        self._running = True
        self._failed_subtests = 0
        self.fixtures.phase_begins()
        self._started = CLOCK.counter()
        self._before = self._read()

    def _stop(self) -> None:
        self._values = list(map(sub, self._read(), self._before))
        self._running = False
        self.fixtures.phase_ends()

    def _phase(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
        ended, more = outcome(report), reason(report, call)
        if ended == "passed" and self._failed_subtests:
            # pytest itself says so only when it shows the report.
            ended, more = "failed", f',"reason":"{self._failed_subtests} failed subtests"'
        self._failed_subtests = 0
        more += self.fixtures.phase_members(call.excinfo.value if call.excinfo is not None else None)
        measured, self._values = self._values, []
        if not measured:  # another plugin has raised before our turn came
            return f'{{"phase":"{report.when}","outcome":"{ended}","start":null,"values":{{}}{more}}}'
        values = self._text(self.fixtures.without_shared(measured))
        start = f"{CLOCK.at(self._started):.6f}"
        return f'{{"phase":"{report.when}","outcome":"{ended}","start":{start},"values":{values}{more}}}'
