"""Wall time."""

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.model.metric import Metric


def _read() -> tuple[float]:
    return (CLOCK.counter(),)


PROBE = Probe(metrics=(Metric(name="duration", unit="s", description="Wall time."),), read=_read)
