"""What all runs that other programs have recorded have in common."""

from __future__ import annotations

from datetime import UTC, datetime

from paceline.model.metric import Metric
from paceline.model.run import SCHEMA_VERSION, Arguments, RunHeader


def imported_header(source: str, digest: str, started_at: float, meaning: str, workers: int = 0) -> RunHeader:
    """Return the header of a run that was imported; its environment is unknown.

    Args:
        source: name of the format; with `digest` it makes the run's id.
        started_at: seconds since the epoch.
        meaning: what the durations contain.
        workers: that the file tells of.
    """
    stamp = datetime.fromtimestamp(started_at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run_id=f"{stamp}Z-{source}-{digest}",
        suite=None,
        round=1,
        started_at=started_at,
        paceline=f"imported from {source}",
        arguments=Arguments(command_line=(), addopts=(), environment="", marker_expression="", paths=()),
        workers=workers,
        dist=None,
        seed=None,
        hash_seed=None,
        test_patterns=(),
        test_paths=(),
        environment=None,
        revision=None,
        metrics=(Metric(name="duration", unit="s", description=f"Wall time: {meaning}."),),
    )
