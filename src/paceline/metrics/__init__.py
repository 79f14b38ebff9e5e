"""The metrics that are recorded for every phase and fixture: each file declares what it reads in one go."""

from paceline.metrics import clean_time, duration, garbage, resources
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

PROBES: tuple[Probe, ...] = (resources.PROBE, garbage.PROBE, duration.PROBE)
#: Metrics that a reader computes from others; of several with one name, the first that can be.
DERIVED: tuple[Metric, ...] = clean_time.METRICS
