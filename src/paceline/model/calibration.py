"""What a suite's own noise is, as runs of it against itself have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CALIBRATION_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationClass:
    """Phases of tests that take about as long.

    Attributes:
        below: upper end in seconds; None for the last one.
        series: how many there are.
        spread: typical robust standard deviation of the log ratio of a pair.
        detectable: smallest ratio that the gate would confirm about half of the time.
    """

    below: float | None
    series: int
    spread: float
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCalibration:
    """One suite run against itself.

    Attributes:
        at: ISO 8601 time.
        cpu: model of the processor that it is true for; None if unknown.
        python: version of the interpreter, without its last part.
        pairs: how many.
        trials: series that were judged, each in both directions.
        alarms: how many of them one series of pairs would have confirmed.
        bound: upper end of the 95 % interval of that rate.
        highest: largest z among those that met every other demand; None if there was none.
    """

    at: str
    cpu: str | None
    python: str
    pairs: int
    trials: int
    alarms: int
    bound: float
    highest: float | None
    classes: tuple[DurationClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrations:
    """All suites of a project."""

    schema_version: int = CALIBRATION_VERSION
    suites: Mapping[str, SuiteCalibration] = field(default_factory=dict[str, SuiteCalibration])
