"""The metrics that are recorded for every phase and fixture: each file declares what it reads in one go."""

from paceline.metrics import (
    clean_time,
    duration,
    files,
    garbage,
    http,
    isolation_time,
    resources,
    sleeps,
    sockets,
    sql,
    subprocesses,
)
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

PROBES: tuple[Probe, ...] = (
    resources.PROBE,
    garbage.PROBE,
    sql.PROBE,
    sleeps.PROBE,
    sockets.PROBE,
    http.PROBE,
    subprocesses.PROBE,
    files.PROBE,
    isolation_time.PROBE,
    duration.PROBE,
)
#: Metrics that a reader computes from others; of several with one name, the first that can be.
DERIVED: tuple[Metric, ...] = clean_time.METRICS
