"""Which runs share a job, and with it whatever disturbed the machine meanwhile: pure."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.model.run import Run

#: Runs of one revision that begin within this many seconds of each other's end are of one job.
_GAP = 600.0


def jobs_of(runs: Sequence[Run]) -> tuple[tuple[Run, ...], ...]:
    """Return the runs by job, the oldest first.

    A run file doesn't know of other jobs; those of one revision in quick succession count as one.
    """
    jobs: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: run.header.started_at):
        if jobs and _is_same_job(jobs[-1][-1], run):
            jobs[-1].append(run)
        else:
            jobs.append([run])
    return tuple(tuple(job) for job in jobs)


def _is_same_job(earlier: Run, later: Run) -> bool:
    end = earlier.header.started_at
    if earlier.end is not None and earlier.end.ended_at is not None:
        end = max(end, earlier.end.ended_at)
    return earlier.header.revision == later.header.revision and later.header.started_at - end < _GAP
