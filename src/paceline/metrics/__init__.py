"""The metrics that are recorded for every phase and fixture: each file declares what it reads in one go."""

from paceline.metrics import children, clean_time, duration, garbage, resources, run_delay
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

#: In the order in which they are read at the start of a phase; the end reads them the other way round.
PROBES: tuple[Probe, ...] = tuple(
    probe
    for probe in (children.PROBE, garbage.PROBE, resources.PROBE, run_delay.PROBE, duration.PROBE)
    if probe is not None
)
#: Metrics that a reader computes from others; of several with one name, the first that can be.
DERIVED: tuple[Metric, ...] = clean_time.METRICS
