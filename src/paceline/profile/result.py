"""What one step of a profile gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paceline.masking import masked
from paceline.model.run import Run, RunEnd, RunStatus
from paceline.model.status import reason_for, status_of
from paceline.profile.plan import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One pytest process that has ended.

    Attributes:
        run: None if pytest ended before it began to record.
        log: what pytest printed.
        complete: whether every test file of the project was collected, not only the learned ones.
    """

    step: Step
    run: Run | None
    end: RunEnd
    log: Path
    complete: bool

    @property
    def status(self) -> RunStatus:
        """Of the run, or of a pytest that never got so far."""
        if self.run is not None:
            return status_of(self.run)
        if self.end.signal is None and self.end.exit_code == 4:  # pytest's usage error: a broken conftest too
            return "collection_error"
        return "interrupted" if self.end.signal == 2 else "crashed"

    @property
    def reason(self) -> str | None:
        """One line that says why there are no figures; None if there are."""
        if self.run is not None:
            return reason_for(self.run, self.status)
        said = [line.strip() for line in self.output().splitlines() if line.strip()]
        errors = [line for line in said if line.startswith(("ERROR", "E  ", "INTERNALERROR"))]
        return masked((errors or said or ["pytest ended before it began"])[-1])

    def output(self) -> str:
        """Return what pytest printed."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def durations(self) -> str:
        """Return pytest's own list of slowest durations, as it printed it."""
        lines = self.output().splitlines()
        begin = next(
            (at for at, line in enumerate(lines) if "slowest" in line and line.startswith("==")), None
        )
        if begin is None:
            return ""
        rest = lines[begin + 1 :]
        end = next((at for at, line in enumerate(rest) if line.startswith("==")), len(rest))
        return "\n".join([lines[begin], *rest[:end]])
