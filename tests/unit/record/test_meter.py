"""Reading many probes at once, and as seldom as possible."""

from __future__ import annotations

import time

from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.duration import PROBE as DURATION
from paceline.model.metric import Metric
from paceline.record.meter import Meter, less, plus


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
    cpu, switches, duration = meter.since(before)
    assert duration >= 0.05
    assert cpu < duration
    assert switches == 2


def test_what_a_short_stretch_counts_is_not_lost() -> None:
    """It counts for the next one that is read; a wait between two isn't anybody's."""
    source = Source()
    meter = Meter((source.probe, DURATION), _never)
    counted = 0.0
    for _ in range(200):
        before = meter.begin()
        source.switches += 1
        counted += meter.since(before)[1]
    before = meter.begin()
    time.sleep(0.001)
    counted += meter.since(before)[1]
    assert counted <= 200
    assert source.reads < 200
    time.sleep(0.01)
    reads = source.reads
    meter.begin()
    assert source.reads == reads + 1


def test_short_stretches_take_their_cpu_time_off_the_next_reading() -> None:
    """The parts of a stretch that has been read add up to it."""
    source = Source()
    meter = Meter((source.probe, DURATION), _never)
    whole = meter.begin()
    parts = [0.0, 0.0, 0.0]
    for _ in range(2000):
        part = meter.begin()
        sum(range(500))
        parts = plus(parts, meter.since(part))
    cpu, _, duration = meter.since(whole)
    assert parts[0] <= cpu * 1.2 + 5e-3
    assert parts[2] <= duration


def test_counts_are_read_where_they_are_made() -> None:
    """Nothing is called, except what is in the middle of something."""
    place = COUNTS.places(2)
    counted = Probe(metrics=(Metric(name="a", unit="1"), Metric(name="b", unit="s")), place=place)
    asked = Probe(metrics=(Metric(name="c", unit="1"),), read=lambda: (COUNTS.numbers[place] * 10,))
    meter = Meter((Source().probe, asked, counted, DURATION), _never)
    before = meter.begin()
    assert meter.since(before)[2:5] == [0, 0, 0]
    COUNTS.numbers[place] += 3
    COUNTS.going.append(lambda: COUNTS.numbers.__setitem__(place + 1, 7.0))
    try:
        assert meter.since(before)[2:5] == [30, 3, 7]
    finally:
        COUNTS.going.pop()


def test_what_fails_is_lost_once() -> None:
    """Whether it's the reading, the number of numbers, or an instrument that tells."""
    lost: list[str] = []
    place = COUNTS.places(1)
    probes = (
        Probe(metrics=(Metric(name="raises", unit="1"),), read=lambda: (1 / 0,)),
        Probe(metrics=(Metric(name="two", unit="1"),), read=lambda: (1.0, 2.0)),
        Probe(metrics=(Metric(name="told", unit="1"),), place=place),
    )
    meter = Meter((*probes, DURATION), lambda name, why: lost.append(f"{name}: {why}"))
    before = meter.begin()
    COUNTS.failures[place] = ValueError("so")
    try:
        for _ in range(2):
            meter.renew()
            assert meter.since(before)[:3] == [0, 0, 0]
    finally:
        COUNTS.failures.clear()
    assert [each.partition(":")[0] for each in lost] == ["raises", "two", "told"]
    assert lost[2] == "told: ValueError: so"


def test_parts_never_leave_less_than_nothing() -> None:
    """A part may have been read more exactly than the whole."""
    assert less([1.0, 0.0], [0.5, 1.0]) == [0.5, 0.0]
