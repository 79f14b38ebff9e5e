"""CPU time of the test's own process during a phase, user and system, all threads, in seconds.

It stands still while isolation works.
"""

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.isolation_time import STOPWATCH
from paceline.model.metric import Metric

PROBE = Probe(metric=Metric(name="cpu_time", unit="s"), read=lambda: CLOCK.cpu() - STOPWATCH.elapsed()[1])
