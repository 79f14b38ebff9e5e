"""The metrics that are recorded for every phase; each file declares one and says how it is read."""

from paceline.metrics import cpu_time, duration
from paceline.metrics.base import Probe

#: In the order in which they are read at the start of a phase; the end reads them the other way round.
PROBES: tuple[Probe, ...] = (cpu_time.PROBE, duration.PROBE)
