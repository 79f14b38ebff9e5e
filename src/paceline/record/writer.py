"""Appends to the run file, in the one process that does."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from paceline.masking import masked
from paceline.model.run import CollectionError
from paceline.store.run_file import RunFile, line

if TYPE_CHECKING:
    import pytest

    from paceline.model.run import RunEnd


class PacelineWarning(UserWarning):
    """Something of Paceline's own went wrong; the tests are not affected."""


class Writer:
    """Takes whole lines, and notes what could not be collected.

    The first failure to write switches the writer off with one warning: recording never changes the outcome
    of a suite.
    """

    def __init__(self, config: pytest.Config, file: RunFile) -> None:
        """Append to `file`, and warn through `config`."""
        self._config = config
        self._file: RunFile | None = file
        self._finishing = False
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
        """Write the closing line, and close the file.

        Returns:
            Whether the whole run was written.
        """
        self.note("end", end)
        if self._file is None:
            return False
        self._file.close()
        self._file = None
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            reason = str(report.longrepr).strip().rpartition("\n")[2].removeprefix("E ").strip()
            self.note("collection_error", CollectionError(nodeid=report.nodeid, reason=masked(reason)))

    def _forked(self) -> None:
        """Write nothing in a child that a test has forked: what it does isn't part of this run."""
        self._file = None


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


def _warnings_decide(config: pytest.Config) -> bool:
    """Tell whether the number of warnings is a reason to fail, as with pytest's `--max-warnings`."""
    if config.getoption("max_warnings", default=None) is not None:
        return True
    try:
        return bool(config.getini("max_warnings"))
    except (KeyError, ValueError):
        return False
