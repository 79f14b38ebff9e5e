"""The file of pytest-reportlog's `--report-log`, read as a run.

It knows the time of each phase, shared fixtures included, and with pytest-xdist the worker. It knows
no machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, cast

from paceline.errors import UnreadableFileError
from paceline.model.run import (
    CollectionError,
    Phase,
    PhaseName,
    PhaseOutcome,
    Run,
    RunEnd,
    TestRecord,
)
from paceline.store.codec import ShapeError, decode_any
from paceline.store.imported import imported_header

_NOTE = "phase with the shared fixtures that it set up or tore down"
_KIND = "$report_type"


@dataclass(slots=True)
class _Attempt:
    """A test whose phases are still coming."""

    nodeid: str
    path: str
    lineno: int | None
    worker: str
    number: int
    phases: list[Phase] = field(default_factory=list[Phase])


def parse_reportlog(content: bytes, name: str, modified_at: float) -> Run:
    """Return the run that the lines of `content` describe, up to the last whole one.

    Args:
        name: used in messages.
        modified_at: seconds since the epoch, for a file that doesn't say when it was made.

    Raises:
        UnreadableFileError: it holds something else.
    """
    try:
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        records = [_object(line) for line in lines]
        return _run(records, hashlib.sha256(content).hexdigest()[:8], modified_at)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{name} is not a report log: {error}") from error


def _run(records: list[dict[str, Any]], digest: str, modified_at: float) -> Run:
    attempts: list[_Attempt] = []
    newest: dict[tuple[str, str], _Attempt] = {}
    numbers: dict[str, int] = {}
    end: RunEnd | None = None
    for record in records:
        match record.get(_KIND):
            case "TestReport":
                key = (_get(record, "nodeid", str), _worker(record))
                phase = _phase(record)
                attempt = newest.get(key)
                if (
                    attempt is None
                    or phase.phase in {one.phase for one in attempt.phases}
                    or (phase.phase == "setup")
                ):
                    numbers[key[0]] = numbers.get(key[0], 0) + 1
                    attempt = newest[key] = _attempt(record, key, numbers[key[0]])
                    attempts.append(attempt)
                attempt.phases.append(phase)
            case "SessionFinish":
                end = RunEnd(exit_code=_get(record, "exitstatus", int))
            case _:
                pass
    starts = [phase.start for attempt in attempts for phase in attempt.phases if phase.start is not None]
    workers = {attempt.worker for attempt in attempts} - {"main"}
    started_at = min(starts, default=modified_at)
    return Run(
        header=imported_header("reportlog", digest, started_at, _NOTE, len(workers)),
        collected=tuple(attempt.nodeid for attempt in attempts if attempt.number == 1),
        collection_errors=tuple(_collection_errors(records)),
        tests=tuple(
            TestRecord(
                nodeid=attempt.nodeid,
                path=attempt.path,
                lineno=attempt.lineno,
                markers=(),
                worker=attempt.worker,
                attempt=attempt.number,
                phases=tuple(attempt.phases),
            )
            for attempt in attempts
        ),
        end=end,
    )


def _attempt(record: dict[str, Any], key: tuple[str, str], number: int) -> _Attempt:
    path, lineno, _ = _get(record, "location", tuple[str, int | None, str])
    return _Attempt(key[0], path.replace("\\", "/"), lineno, key[1], number)


def _phase(record: dict[str, Any]) -> Phase:
    phase: PhaseName = _get(record, "when", PhaseName)
    outcome = _get(record, "outcome", str)
    if outcome not in ("passed", "failed", "skipped"):
        # pytest-rerunfailures calls an attempt that is followed by another so.
        outcome = "failed"
    duration = _get(record, "duration", float | None)
    return Phase(
        phase=phase,
        outcome=_expected(outcome) if "wasxfail" in record else outcome,
        start=_get(record, "start", float | None),
        values={} if duration is None else {"duration": duration},
        reason=_reason(record.get("longrepr")) if outcome != "passed" else None,
    )


def _expected(outcome: str) -> PhaseOutcome:
    return "xpassed" if outcome == "passed" else "xfailed"


def _worker(record: dict[str, Any]) -> str:
    worker = record.get("worker_id")
    return worker if isinstance(worker, str) else "main"


def _reason(longrepr: object) -> str | None:
    match longrepr:
        case {"reprcrash": {"message": str(message)}}:
            return message.partition("\n")[0]
        case list() if longrepr:  # file, line and reason of a skip
            return _reason(cast("list[object]", longrepr)[-1])
        case str():
            return longrepr.strip().partition("\n")[0]
        case _:
            return None


def _collection_errors(records: list[dict[str, Any]]) -> list[CollectionError]:
    return [
        CollectionError(
            nodeid=_get(record, "nodeid", str),
            reason=_reason(record.get("longrepr")) or "could not be collected",
        )
        for record in records
        if record.get(_KIND) == "CollectReport" and record.get("outcome") == "failed"
    ]


def _get(record: dict[str, Any], name: str, annotation: Any) -> Any:
    return decode_any(annotation, record.get(name), name)


def _object(line: bytes) -> dict[str, Any]:
    value: object = json.loads(line)
    if not isinstance(value, dict):
        raise ShapeError("a line isn't an object")
    return cast("dict[str, Any]", value)
