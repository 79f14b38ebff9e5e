"""Reading many probes at once, and as seldom as possible."""

from __future__ import annotations

import time

from paceline.metrics.base import Probe
from paceline.metrics.duration import PROBE as DURATION
from paceline.model.metric import Metric
from paceline.record.meter import Meter, less


class Source:
    """A dear probe that counts how often it's read."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.reads = 0
        self.switches = 0.0

    def read(self) -> tuple[float, float]:
        """Return CPU seconds and switches."""
        self.reads += 1
        return time.process_time(), self.switches

    @property
    def probe(self) -> Probe:
        """The probe."""
        metrics = (Metric(name="cpu_time", unit="s"), Metric(name="switches", unit="1"))
        return Probe(metrics=metrics, read=self.read, dear=True)


def _never(name: str, why: str) -> None:
    raise AssertionError((name, why))


def test_a_long_stretch_is_read_at_its_end() -> None:
    """Its CPU time isn't its duration."""
    source = Source()
    meter = Meter((source.probe, DURATION), _never)
    before = meter.begin()
    source.switches += 2
    time.sleep(0.05)
    cpu, switches, duration = meter.took(before)
    assert duration >= 0.05
    assert cpu < duration
    assert switches == 2


def test_what_a_short_stretch_counts_is_not_lost() -> None:
    """It is either read, or counts for the next stretch; a wait between two isn't anybody's."""
    source = Source()
    meter = Meter((source.probe, DURATION), _never)
    counted = 0.0
    for _ in range(200):
        before = meter.begin()
        source.switches += 1
        counted += meter.took(before)[1]
    before = meter.begin()
    counted += meter.since(before, meter.read())[1]
    assert counted <= 200
    assert source.reads <= 2 * 200 + 2
    time.sleep(0.01)
    reads = source.reads
    meter.begin()
    assert source.reads == reads + 1


def test_parts_never_leave_less_than_nothing() -> None:
    """A part may have been read more exactly than the whole."""
    assert less([1.0, 0.0], [0.5, 1.0]) == [0.5, 0.0]
