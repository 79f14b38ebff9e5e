"""Joins what the reports of a test carry, which other processes have sent, to one line of the run file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from paceline.model.run import PHASES
from paceline.record.text import test_line
from paceline.record.workers import CRASHED, worker_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from paceline.record.writer import Writer


@dataclass(slots=True)
class _Open:
    """A test whose tear-down hasn't been reported yet."""

    nodeid: str
    identity: str
    phases: list[str] = field(default_factory=list[str])


class Reports:
    """Hooks that write what the reports carry.

    A process that runs the tests itself doesn't need them, and they would cost it microseconds per phase.
    """

    def __init__(self, writer: Writer, named: Callable[[str], str]) -> None:
        """Write with `writer`; `named` makes the recorded node id of a report's."""
        self._writer = writer
        self._named = named
        #: By worker too: `--dist=each` runs every test in every worker.
        self._open: dict[tuple[str, str], _Open] = {}
        self._attempts: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a phase, and write the test when its last phase has come."""
        cargo = vars(report)
        # Taken out of it: pytest keeps every report until the end.
        if "paceline_lines" in cargo:
            self._writer.write(cargo.pop("paceline_lines"))
        if "paceline_phase" not in cargo:
            if str(report.when) == CRASHED:
                self._crashed(report.nodeid, worker_of(report), str(report.longrepr))
            return
        key = (report.nodeid, worker_of(report))
        if "paceline_test" in cargo:
            self._finish(key)  # an earlier attempt at the same test has ended without a tear-down
            self._open[key] = _Open(report.nodeid, cargo.pop("paceline_test"))
        test = self._open.get(key)
        if test is not None:
            test.phases.append(cargo.pop("paceline_phase"))
            if report.when == "teardown":
                self._finish(key)

    def register(self, manager: pytest.PytestPluginManager) -> None:
        """Begin to take reports, unless that has begun already."""
        if not manager.is_registered(self):
            manager.register(self, "paceline-reports")

    def register_after_fork(self, manager: pytest.PytestPluginManager) -> None:
        """Begin when this process forks: another plugin may run a test in a child, and send its reports."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_parent=partial(self.register, manager))

    def finish(self) -> None:
        """Write the tests whose end was never reported."""
        for key in list(self._open):
            self._finish(key)

    def _finish(self, key: tuple[str, str]) -> None:
        test = self._open.pop(key, None)
        if test is not None:
            attempt = self._attempts[test.nodeid] = self._attempts.get(test.nodeid, 0) + 1
            self._writer.write(test_line(test.identity, attempt, ",".join(test.phases)))

    def _crashed(self, nodeid: str, worker: str, reason: str) -> None:
        key = (nodeid, worker)
        test = self._open.setdefault(key, _Open(nodeid, _bare_identity(self._named(nodeid), worker)))
        phase = PHASES[min(len(test.phases), len(PHASES) - 1)]
        test.phases.append(
            f'{{"phase":"{phase}","outcome":"crashed","start":null,"values":{{}},'
            f'"reason":{json.dumps(reason)}}}'
        )
        self._finish(key)


def _bare_identity(nodeid: str, worker: str) -> str:
    path = nodeid.partition("::")[0]
    return (
        f'"nodeid":{json.dumps(nodeid)},"path":{json.dumps(path)},"lineno":null,"markers":[],'
        f'"worker":{json.dumps(worker)}'
    )
