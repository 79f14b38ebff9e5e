"""Wall time of a phase, in seconds."""

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

PROBE = Probe(metric=Metric(name="duration", unit="s"), read=CLOCK.counter)
