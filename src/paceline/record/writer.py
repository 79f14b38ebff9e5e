"""Joins the phases of each test to one line and appends it to the run file; runs where pytest reports."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paceline.model.run import PHASES, CollectionError
from paceline.store.run_file import RunFile, line

if TYPE_CHECKING:
    import pytest

    from paceline.model.run import RunEnd


class PacelineWarning(UserWarning):
    """Something of Paceline's own went wrong; the tests are not affected."""


@dataclass(slots=True)
class _Open:
    """A test whose tear-down hasn't been reported yet."""

    identity: str
    phases: list[str] = field(default_factory=list[str])


class Writer:
    """Hooks that write what the reports carry.

    The first failure to write switches the writer off with one warning: recording never changes the outcome
    of a suite.
    """

    def __init__(self, config: pytest.Config, file: RunFile) -> None:
        """Append to `file`, and warn through `config`."""
        self._config = config
        self._file: RunFile | None = file
        self._open: dict[str, _Open] = {}
        self._attempts: dict[str, int] = {}

    def write(self, text: str) -> None:
        """Append one or more lines, unless the writer has been switched off."""
        if self._file is None:
            return
        try:
            self._file.append(text)
        except OSError as error:
            self._file.close()
            self._file = None
            warn(self._config, f"recording stopped, the run file can't be written: {error}")

    def note(self, kind: str, record: object) -> None:
        """Append `record`, a dataclass or a mapping."""
        self.write(line(kind, record))

    def finish(self, end: RunEnd) -> None:
        """Write the tests whose end was never reported and the closing line, and close the file."""
        for nodeid in list(self._open):
            self._finish(nodeid)
        self.note("end", end)
        if self._file is not None:
            self._file.close()
            self._file = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a phase, and write the test when its last phase has come."""
        cargo = vars(report)
        if "paceline_lines" in cargo:
            self.write(cargo["paceline_lines"])
        nodeid = report.nodeid
        if "paceline_phase" not in cargo:
            if report.when not in PHASES:  # pytest-xdist's report of a worker that died
                self._crashed(nodeid, _worker_of(report), str(report.longrepr))
            return
        if "paceline_test" in cargo:
            self._finish(nodeid)  # an earlier attempt at the same test has ended without a tear-down
            self._open[nodeid] = _Open(cargo["paceline_test"])
        test = self._open.get(nodeid)
        if test is not None:
            test.phases.append(cargo["paceline_phase"])
            if report.when == "teardown":
                self._finish(nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            reason = str(report.longrepr).strip().rpartition("\n")[2]
            self.note("collection_error", CollectionError(nodeid=report.nodeid, reason=reason))

    def _finish(self, nodeid: str) -> None:
        test = self._open.pop(nodeid, None)
        if test is None:
            return
        attempt = self._attempts[nodeid] = self._attempts.get(nodeid, 0) + 1
        phases = ",".join(test.phases)
        self.write(f'{{"kind":"test",{test.identity},"attempt":{attempt},"phases":[{phases}]}}')

    def _crashed(self, nodeid: str, worker: str, reason: str) -> None:
        test = self._open.setdefault(nodeid, _Open(_bare_identity(nodeid, worker)))
        phase = PHASES[min(len(test.phases), len(PHASES) - 1)]
        test.phases.append(
            f'{{"phase":"{phase}","outcome":"crashed","start":null,"values":{{}},'
            f'"reason":{json.dumps(reason)}}}'
        )
        self._finish(nodeid)


def warn(config: pytest.Config, message: str) -> None:
    """Show `message` as one of pytest's warnings, even where the project turns warnings into errors."""
    warning = warnings.WarningMessage(PacelineWarning(f"paceline: {message}"), PacelineWarning, __file__, 1)
    config.hook.pytest_warning_recorded.call_historic(
        kwargs={"warning_message": warning, "when": "runtest", "nodeid": "", "location": None}
    )


def _bare_identity(nodeid: str, worker: str) -> str:
    path = nodeid.partition("::")[0]
    return (
        f'"nodeid":{json.dumps(nodeid)},"path":{json.dumps(path)},"lineno":null,"markers":[],'
        f'"worker":{json.dumps(worker)}'
    )


def _worker_of(report: Any) -> str:
    return str(report.node.gateway.id) if hasattr(report, "node") else "main"
