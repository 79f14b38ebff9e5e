"""What is to be known beside the seconds: memory that stays behind, and what the run didn't record."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.explain.evidence import Evidence
from paceline.model.account import Subject
from paceline.model.status import reason_for, status_of

_SOURCES = {
    "sql_time": "SQL statements",
    "sleep_time": "sleeps",
    "subprocess_time": "subprocesses",
    "http_time": "HTTP requests",
    "gc_time": "pauses of the garbage collector",
    "run_delay": "how busy the machine was",
}
#: Bytes from which on what stays behind is worth a note.
_GROWTH = 10 * 2**20


def notes(evidence: Evidence, subject: Subject) -> tuple[str, ...]:
    """Return sentences without a full stop."""
    return (*_ending(evidence), *_memory(evidence, subject), *_unrecorded(evidence))


def _ending(evidence: Evidence) -> Iterator[str]:
    status = status_of(evidence.run)
    if status in ("interrupted", "crashed"):
        yield f"only part of the run was recorded, it was {status}: {reason_for(evidence.run, status)}"


def _memory(evidence: Evidence, subject: Subject) -> Iterator[str]:
    for module in sorted(evidence.run.costs.memory, key=lambda module: module.before - module.after):
        growth = module.after - module.before
        if growth >= _GROWTH and (subject.kind == "run" or subject.name == module.path):
            yield f"{module.path} leaves {growth / 2**20:.0f} MiB of memory behind in {module.worker}"


def _unrecorded(evidence: Evidence) -> Iterator[str]:
    run = evidence.run
    declared = {metric.name for metric in run.header.metrics}
    missing = [words for name, words in _SOURCES.items() if name not in declared]
    if not run.costs.fixtures and not any(phase.fixtures for test in run.tests for phase in test.phases):
        missing.insert(0, "fixtures")
    if not run.costs.parts:
        missing.append("imports and the collection of each file")
    if missing:
        yield f"this run did not record {', '.join(missing)}"
