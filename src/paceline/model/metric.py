"""What a recorded number means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Isolation's own work in a phase, which `duration` and `cpu_time` leave out. Absent or 0: it had none.
ISOLATION_TIME = "isolation_time"
ISOLATION_CPU_TIME = "isolation_cpu_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Declaration of a metric; it travels in the run file, so a reader needs no registry.

    Attributes:
        name: key of the metric in `values`.
        unit: UCUM code, such as "s" or "By".
        direction: which way is better.
        aggregate: how values of the parts give the value of the whole.
        noise: `counted` metrics repeat exactly, `timed` ones vary from run to run.
    """

    name: str
    unit: str
    direction: Literal["lower", "higher"] = "lower"
    aggregate: Literal["sum", "max"] = "sum"
    noise: Literal["counted", "timed"] = "timed"
