"""What is to be known beside the seconds: memory that stays behind, and what the run didn't record."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from paceline.explain.evidence import Evidence
from paceline.model.account import Part, Subject
from paceline.model.status import reason_for, status_of

_SOURCES = {
    "sql_time": "SQL statements",
    "sleep_time": "sleeps",
    "subprocess_time": "subprocesses",
    "http_time": "HTTP requests",
    "gc_time": "pauses of the garbage collector",
    "run_delay": "how busy the machine was",
}
#: Share from which on a profiler is worth running.
_MUCH = 0.3
#: Bytes from which on what stays behind is worth a note.
_GROWTH = 10 * 2**20


def notes(evidence: Evidence, subject: Subject, parts: Sequence[Part]) -> tuple[str, ...]:
    """Return sentences without a full stop."""
    return (
        *_attempts(evidence, subject),
        *_profiling(subject, parts),
        *_ending(evidence),
        *_memory(evidence, subject),
        *_unrecorded(evidence),
    )


def _attempts(evidence: Evidence, subject: Subject) -> Iterator[str]:
    last = max((test.attempt for test in evidence.run.tests if test.nodeid == subject.name), default=1)
    if last > 1:
        yield f"it was run {last} times, and all attempts are counted"


def _profiling(subject: Subject, parts: Sequence[Part]) -> Iterator[str]:
    python = sum(part.seconds for part in parts if part.cause == "python")
    if subject.kind == "test" and python > _MUCH * sum(part.seconds for part in parts):
        command = shlex.join(["python", "-m", "cProfile", "-s", "cumulative", "-m", "pytest", subject.name])
        yield f"run `{command}` to see which Python it was"


def _ending(evidence: Evidence) -> Iterator[str]:
    status = status_of(evidence.run)
    if status in ("interrupted", "crashed"):
        yield f"only part of the run was recorded, it was {status}: {reason_for(evidence.run, status)}"


def _memory(evidence: Evidence, subject: Subject) -> Iterator[str]:
    for module in sorted(evidence.run.costs.memory, key=lambda module: module.before - module.after):
        growth = module.after - module.before
        if growth >= _GROWTH and (subject.kind == "run" or subject.name == module.path):
            yield f"{growth / 2**20:.0f} MiB of memory stay behind after {module.path} in {module.worker}"


def _unrecorded(evidence: Evidence) -> Iterator[str]:
    run = evidence.run
    declared = {metric.name for metric in run.header.metrics}
    missing = [words for name, words in _SOURCES.items() if name not in declared]
    used = run.costs.fixtures or any(phase.fixtures for test in run.tests for phase in test.phases)
    # Whoever records imports records fixtures: there were none then.
    if not used and not run.costs.parts:
        missing.insert(0, "fixtures")
    if not run.costs.parts:
        missing.append("imports and the collection of each file")
    if missing:
        yield f"this run did not record {', '.join(missing)}"
