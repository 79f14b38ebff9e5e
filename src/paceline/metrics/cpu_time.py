"""CPU time of the test's own process during a phase, user and system, all threads, in seconds."""

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.model.metric import Metric

PROBE = Probe(metric=Metric(name="cpu_time", unit="s"), read=CLOCK.cpu)
