"""Measures the phases of each test in the process that runs it.

In a worker, what was measured rides on the phase's own report, as text that is ready to be written: a worker
that dies takes only the test it was running with it, and a string is the cheapest cargo of pytest-xdist. In
the process that writes the run file, it is handed over when the test has ended.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from paceline.metrics.ledger import LEDGER
from paceline.model.run import PHASES, MetricOff
from paceline.record.fixtures import Fixtures
from paceline.record.memory import Memory
from paceline.record.meter import Meter
from paceline.record.outcome import outcome, reason
from paceline.record.text import Phase, Texts
from paceline.store.run_file import line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from paceline.metrics.base import Probe
    from paceline.record.meter import Mark, Reading
    from paceline.record.writer import Writer

#: Looked at for every phase: there is mostly nothing to take.
_ENTRIES = LEDGER.entries


class Measure:
    """Hooks around the three phases of every test.

    What is alike in them is written out in each: every call would be paid for three times per test.
    """

    def __init__(
        self,
        worker: str,
        warn: Callable[[str], None],
        probes: Sequence[Probe],
        named: Callable[[str], str] = str,
        writer: Writer | None = None,
    ) -> None:
        """Measure with `probes` in the process called `worker`.

        Args:
            warn: called at most once for each failure of ours.
            named: turns the node id of an item into the one to record.
            writer: of this process; None: reports carry everything.
        """
        #: Whole lines that wait for the next report, such as the spans of a worker.
        self.waiting: list[str] = []
        self._plain_worker = worker
        self._warn = warn
        self._named = named
        self._writer = writer
        self._warned = False
        self._running = False
        self._failed_subtests = 0
        self._deselected = 0
        self._meter = Meter(probes, self._lost)
        self._renew, self._begin, self._told = self._meter.renew, self._meter.begin, self._meter.told
        self._texts = Texts([metric for probe in probes for metric in probe.metrics], worker)
        self._fixtures = Fixtures(self._meter, self.waiting.append, self._texts, named, self._give_up)
        self._stack = self._fixtures.stack
        self._before: Mark = self._meter.begin()
        self._values: Reading | float | None = None
        self._memory = Memory(self.note, worker)
        self._path: Path | None = None
        self._item: pytest.Item | None = None
        self._done: list[Phase] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    @property
    def plugins(self) -> dict[str, object]:
        """What to register with pytest, by name."""
        return {"paceline-measure": self, "paceline-fixtures": self._fixtures}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure the set-up."""
        self._fixtures.item = item
        self._renew()
        if item.path is not self._path:
            self._moved(item)
        self._running = True
        if self._fixtures.pending or self._stack or _ENTRIES:
            self._fixtures.phase_begins()
        self._before = self._begin()
        try:
            return (yield)
        finally:
            self._values = self._told(self._before)
            self._running = False
            if _ENTRIES:
                self._fixtures.take_operations()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Measure the test's own function."""
        self._running = True
        if self._fixtures.pending or self._stack or _ENTRIES:
            self._fixtures.phase_begins()
        self._before = self._begin()
        try:
            return (yield)
        finally:
            self._values = self._told(self._before)
            self._running = False
            if _ENTRIES:
                self._fixtures.take_operations()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Measure the tear-down."""
        self._running = True
        if self._fixtures.pending or self._stack or _ENTRIES:
            self._fixtures.phase_begins()
        self._before = self._begin()
        try:
            return (yield)
        finally:
            self._values = self._told(self._before)
            self._running = False
            if _ENTRIES:
                self._fixtures.take_operations()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take what was measured, after every other plugin has had its say on the outcome."""
        report = yield
        try:
            if self._running:
                # A report that is made while a phase goes on is one of a subtest, which is no phase.
                self._failed_subtests += report.outcome == "failed"
            elif report.when in PHASES:
                self._ended(report, item, call)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a test's outcome
            self._give_up(error)
        return report

    def pytest_paceline_service(self, name: str, version: str) -> None:
        """Note the version of a service that a set-up found."""
        self.waiting.append(json.dumps({"kind": "service", "name": name, "version": version}))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the tests that were collected for nothing; each of several plugins may deselect some."""
        self._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note how many there were, and prepare for the others."""
        if self._deselected:
            self.waiting.append(json.dumps({"kind": "deselected", "count": self._deselected}))
        if self._writer is not None:  # a worker runs only some of them
            self._texts.prepare(session.items, self._named)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Let what is torn down from now on belong to no test."""
        self._fixtures.item = None

    def note(self, kind: str, record: object) -> None:
        """Let `record` travel with the next report."""
        self.waiting.append(line(kind, record))

    def finish(self) -> None:
        """Hand over what is left, and stop reading."""
        self._fixtures.release()
        self._memory.module(None)
        self._meter.check()
        if self._writer is not None:
            self._hand_over(self._writer)
        self._meter.close()

    def _ended(self, report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        when = str(report.when)
        ended, more = "passed", ""
        values, self._values = self._values, None
        raised = call.excinfo
        if raised or self._failed_subtests or report.outcome != "passed" or "wasxfail" in vars(report):
            ended, more = self._how(report, call)
        if self._fixtures.pending:
            more += self._fixtures.phase_members(raised.value if raised is not None else None)
            values = self._fixtures.without_shared(values)
        done = when, ended, self._before[0], values, more
        if self._writer is None:
            self._load(report, item, self._texts.phase(done))
        else:
            if when == "setup" and self._done:  # the last test, or attempt, had no tear-down
                self._hand_over(self._writer)
            self._item = item
            self._done.append(done)
            if when == "teardown":
                self._hand_over(self._writer)
        if when == "teardown":
            self._fixtures.item = None

    def _how(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> tuple[str, str]:
        """Return the outcome of a phase that didn't simply pass, and the members that say why."""
        ended, more = outcome(report), reason(report, call)
        if ended == "passed" and self._failed_subtests:
            # pytest itself says so only when it shows the report.
            ended, more = "failed", f',"reason":"{self._failed_subtests} failed subtests"'
        self._failed_subtests = 0
        return ended, more

    def _moved(self, item: pytest.Item) -> None:
        """Note that the tests of another module begin."""
        self._path = item.path
        self._memory.module(item.location[0])

    def _hand_over(self, writer: Writer) -> None:
        """Let the test be written whose phases have been collected, and what waits before it."""
        lines = self.waiting
        if self._done and self._item is not None:
            lines.append(self._texts.test(self._item, self._named, self._done))
            self._done.clear()
            self._item = None
        if lines:
            writer.write("\n".join(lines))
            lines.clear()

    def _load(self, report: pytest.TestReport, item: pytest.Item, phase: str) -> None:
        cargo = vars(report)
        if report.when == "setup":
            cargo["paceline_test"] = self._texts.identity(item, self._named(item.nodeid))
        cargo["paceline_phase"] = phase
        if self.waiting:
            cargo["paceline_lines"] = "\n".join(self.waiting)
            self.waiting.clear()

    def _forked(self) -> None:
        """Leave the file to the parent; another plugin may run a test in a child, and send its reports."""
        self._writer = None
        self._done.clear()
        self.waiting.clear()

    def _lost(self, metric: str, why: str) -> None:
        self.note("metric_off", MetricOff(name=metric, reason=why, worker=self._plain_worker))
        self._warn(f"the metric {metric!r} is switched off: {why}")

    def _give_up(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            item = self._fixtures.item
            what = "a test" if item is None else f"{item.nodeid!a}"
            self._warn(f"{what} is not recorded: {type(error).__name__}: {error}")
