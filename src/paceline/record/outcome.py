"""How a phase ended, in the words of the run file."""

from __future__ import annotations

import json
from typing import cast, get_args

import pytest

from paceline.errors import PacelineError
from paceline.masking import masked
from paceline.model.run import PhaseOutcome, RunStatus

_RUN_STATUSES = frozenset(get_args(RunStatus))
_OUTCOMES = frozenset(get_args(PhaseOutcome))
_LONGEST_REASON = 300
#: A password that is cut in the middle can't be told from other text.
_LONGEST_READ = 3000


def outcome(report: pytest.TestReport) -> str:
    """Return the outcome of the phase that `report` is about."""
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome, report.outcome)
    if report.outcome in _OUTCOMES:
        return report.outcome
    # Another plugin's word, such as "rerun"; it only replaces a failure.
    return "failed"


def reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """Return the further members of a phase that didn't simply pass."""
    if call.excinfo is None and report.outcome == "passed":
        return ""
    members = ""
    text = _why(report, call)
    if text:
        members = f',"reason":{json.dumps(masked(text[:_LONGEST_READ])[:_LONGEST_REASON])}'
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


def codes_of(error: BaseException) -> frozenset[object]:
    """Return the code of every frame that `error`, or what it stands for, went through."""
    codes: set[object] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
        traceback = one.__traceback__
        while traceback is not None:
            codes.add(traceback.tb_frame.f_code)
            traceback = traceback.tb_next
    return frozenset(codes)
