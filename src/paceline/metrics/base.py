"""What every metric consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paceline.model.metric import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A metric and how to read it.

    Attributes:
        read: returns an ever-growing number; a phase's value is the difference between its end and its start.
    """

    metric: Metric
    read: Callable[[], float]
