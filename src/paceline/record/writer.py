"""Joins the phases of each test to one line and appends it to the run file; runs where pytest reports."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paceline.model.run import PHASES, CollectionError
from paceline.record.workers import CRASHED, worker_of
from paceline.store.run_file import RunFile, line

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from paceline.model.run import RunEnd


class PacelineWarning(UserWarning):
    """Something of Paceline's own went wrong; the tests are not affected."""


@dataclass(slots=True)
class _Open:
    """A test whose tear-down hasn't been reported yet."""

    nodeid: str
    identity: str
    phases: list[str] = field(default_factory=list[str])


class Writer:
    """Hooks that write what the reports carry.

    The first failure to write switches the writer off with one warning: recording never changes the outcome
    of a suite.
    """

    def __init__(self, config: pytest.Config, file: RunFile, named: Callable[[str], str] = str) -> None:
        """Append to `file`, and warn through `config`; `named` makes the recorded node id of a report's."""
        self._config = config
        self._file: RunFile | None = file
        self._named = named
        self._finishing = False
        #: By worker too: `--dist=each` runs every test in every worker.
        self._open: dict[tuple[str, str], _Open] = {}
        self._attempts: dict[str, int] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def write(self, text: str) -> None:
        """Append one or more lines, unless the writer has been switched off."""
        if self._file is None:
            return
        try:
            self._file.append(text)
        except OSError as error:
            self._file.close()
            self._file = None
            warn(
                self._config,
                f"recording stopped, the run file can't be written: {error}",
                late=self._finishing,
            )

    def note(self, kind: str, record: object) -> None:
        """Append `record`, a dataclass or a mapping."""
        self.write(line(kind, record))

    def summary_shown(self) -> None:
        """Show warnings at once from now on: pytest has shown its own."""
        self._finishing = True

    def finish(self, end: RunEnd) -> bool:
        """Write the tests whose end was never reported and the closing line, and close the file.

        Returns:
            Whether the whole run was written.
        """
        for key in list(self._open):
            self._finish(key)
        self.note("end", end)
        if self._file is None:
            return False
        self._file.close()
        self._file = None
        return True

    def test_line(self, nodeid: str, identity: str, phases: str) -> str:
        """Return the line of one more attempt at a test; `identity` and `phases` are members and objects."""
        attempt = self._attempts[nodeid] = self._attempts.get(nodeid, 0) + 1
        return f'{{"kind":"test",{identity},"attempt":{attempt},"phases":[{phases}]}}'

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a phase, and write the test when its last phase has come."""
        cargo = vars(report)
        # Taken out of it: pytest keeps every report until the end.
        if "paceline_lines" in cargo:
            self.write(cargo.pop("paceline_lines"))
        if "paceline_phase" not in cargo:
            if report.when == CRASHED:
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

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            reason = str(report.longrepr).strip().rpartition("\n")[2].removeprefix("E ").strip()
            self.note("collection_error", CollectionError(nodeid=report.nodeid, reason=reason))

    def _finish(self, key: tuple[str, str]) -> None:
        test = self._open.pop(key, None)
        if test is not None:
            self.write(self.test_line(test.nodeid, test.identity, ",".join(test.phases)))

    def _forked(self) -> None:
        """Write nothing in a child that a test has forked: what it does isn't part of this run."""
        self._file = None

    def _crashed(self, nodeid: str, worker: str, reason: str) -> None:
        key = (nodeid, worker)
        test = self._open.setdefault(key, _Open(nodeid, _bare_identity(self._named(nodeid), worker)))
        phase = PHASES[min(len(test.phases), len(PHASES) - 1)]
        test.phases.append(
            f'{{"phase":"{phase}","outcome":"crashed","start":null,"values":{{}},'
            f'"reason":{json.dumps(reason)}}}'
        )
        self._finish(key)


def warn(config: pytest.Config, message: str, *, late: bool = False) -> None:
    """Show `message` as one of pytest's warnings, even where the project turns warnings into errors.

    Args:
        late: pytest has shown its warnings already.
    """
    if late or _warnings_decide(config):
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"PacelineWarning: paceline: {message}", yellow=True)
        return
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


def _warnings_decide(config: pytest.Config) -> bool:
    """Tell whether the number of warnings is a reason to fail, as with pytest's `--max-warnings`."""
    if config.getoption("max_warnings", default=None) is not None:
        return True
    try:
        return bool(config.getini("max_warnings"))
    except (KeyError, ValueError):
        return False
