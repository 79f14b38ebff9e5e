"""Runs that were made under the same conditions: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from paceline.model.run import Run


def alike(runs: Sequence[Run], like: Run) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """Return the runs made on a machine like that of `like`, and a sentence about the others.

    All of them, if there is none: then the comparison says what differs.
    """
    wanted = _conditions(like)
    kept = tuple(run for run in runs if _conditions(run) == wanted)
    others = Counter(_processor(run) for run in runs if run not in kept)
    if not kept or not others:
        return tuple(runs), ()
    where = ", ".join(f"{number} on {model}" for model, number in others.most_common())
    return kept, (
        f"{sum(others.values())} of {len(runs)} runs were made under other conditions and left out: {where}",
    )


def _conditions(run: Run) -> tuple[object, ...]:
    environment = run.header.environment
    machine: tuple[object, ...] = ()
    if environment is not None:
        machine = (
            environment.implementation,
            environment.python.rpartition(".")[0],
            environment.machine,
            environment.cpu_model,
            environment.cpu_count,
            environment.cpu_limit,
        )
    return (
        machine,
        run.header.workers,
        run.header.dist,
        tuple(sorted(run.services.items())),
    )


def _processor(run: Run) -> str:
    environment = run.header.environment
    return (environment.cpu_model if environment is not None else None) or "an unknown CPU"
