"""The metrics that are recorded for every phase; each file declares one and says how it is read."""

from paceline.metrics import cpu_time, duration, isolation_time
from paceline.metrics.base import Probe

#: In the order in which they are read at the start of a phase; the end reads them the other way round.
PROBES: tuple[Probe, ...] = (
    isolation_time.CPU_PROBE,
    isolation_time.PROBE,
    cpu_time.PROBE,
    duration.PROBE,
)
