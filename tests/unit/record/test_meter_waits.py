"""A wait that comes while the meter asks the system."""

from __future__ import annotations

import pytest

from paceline.metrics.base import Probe
from paceline.metrics.duration import PROBE as DURATION
from paceline.model.metric import Metric
from paceline.record import meter as meters
from paceline.record.meter import Meter


@pytest.mark.parametrize("disturbed", [(), (1,), (2,), (1, 3), (2, 3), (1, 2, 4)])
def test_what_is_waited_for_while_asking_belongs_to_nobody(
    monkeypatch: pytest.MonkeyPatch, disturbed: tuple[int, ...]
) -> None:
    """Otherwise the clean time of a test on a busy machine would be too long, too short, or negative.

    Args:
        disturbed: readings, of the beginning or of the end, in which the processor is taken away.
    """
    now, delay, readings = [0.0], [0.0], [0]

    def read() -> tuple[float, float]:
        found = now[0] - delay[0], delay[0]
        readings[0] += 1
        if readings[0] - 1 in disturbed:
            now[0] += 0.010
            delay[0] += 0.010
        return found

    class Clock:
        counter = staticmethod(lambda: now[0])

    monkeypatch.setattr(meters, "CLOCK", Clock)
    metrics = (Metric(name="cpu_time", unit="s"), Metric(name="run_delay", unit="s"))
    meter = Meter((Probe(metrics=metrics, read=read, dear=True), DURATION), lambda *_: None)
    now[0] += 1.0
    before = meter.begin()
    now[0] += 0.002
    cpu, waited, duration = meter.since(before)
    assert cpu == pytest.approx(0.002)
    assert duration - waited == pytest.approx(0.002)
