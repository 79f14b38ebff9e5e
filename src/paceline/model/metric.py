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
        sparse: a line leaves it out where it is 0; without this, a value that is left out is unknown.
        derived: names of the metrics that a reader computes it from, the first less the others; no line
            holds it.
        apart: names of the metrics that a reader takes it out of, such as "duration", because it isn't the
            test's own.
        description: one sentence, for people.
    """

    name: str
    unit: str
    direction: Literal["lower", "higher"] = "lower"
    aggregate: Literal["sum", "max"] = "sum"
    noise: Literal["counted", "timed"] = "timed"
    sparse: bool = False
    derived: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    description: str = ""
