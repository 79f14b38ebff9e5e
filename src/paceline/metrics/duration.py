"""Wall time of a phase, in seconds. It stands still while isolation works."""

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.isolation_time import STOPWATCH
from paceline.model.metric import Metric

PROBE = Probe(metric=Metric(name="duration", unit="s"), read=lambda: CLOCK.counter() - STOPWATCH.elapsed()[0])
