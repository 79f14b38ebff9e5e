"""What a comparison is held to, and the metrics that it doesn't judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from paceline.model.metric import Metric
from paceline.model.profile import SETUPS
from paceline.stats.nomination import WORTH_PAIRS, Nomination

GC_COUNT = "gc_full_collections"
GC_TIME = "gc_time"
#: Counts that move from test to test with any change of what is allocated.
MOVING = frozenset({GC_COUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of a comparison.

    Attributes:
        test: when a single test is suspicious.
        total: when a sum over many tests is suspicious.
        imports: when the import of a module is suspicious; its change and seconds count.
        drift: when a test is far from the fixed anchor; its change counts for the sum of all, too.
        budgets: suite to the seconds that it may take.
        at_any_speed: whether single tests are suspicious even where everything took much longer or shorter:
            both sides ran on one machine, and pairs will tell a slow one from slow code.
    """

    test: Nomination = field(default_factory=Nomination)
    total: Nomination = field(default_factory=lambda: Nomination(z=2.0, change=0.05, seconds=0.05))
    imports: Nomination = field(default_factory=lambda: Nomination(z=0.0, change=0.5, seconds=0.1))
    drift: Nomination = field(default_factory=lambda: Nomination(z=4.2, change=0.25))
    at_any_speed: bool = False


#: What a gate looks into: pairs clear nearly all of it, so that little of what is slower is lost.
WORTH_A_LOOK = Rules(
    test=WORTH_PAIRS,
    total=Nomination(z=0.5, change=0.03, seconds=0.05),
    imports=Nomination(z=0.0, change=0.2, seconds=0.03),
    at_any_speed=True,
)


def counted(base: Iterable[Metric], candidate: Iterable[Metric]) -> dict[str, Metric]:
    """Return the metrics that both sides declare as counts and that belong to the tests that they are of."""
    before = {metric.name for metric in base if metric.noise == "counted"}
    common = {
        metric.name: metric
        for metric in candidate
        if metric.noise == "counted" and metric.name in before and metric.name not in MOVING
    }
    return common | {SETUPS: Metric(name=SETUPS, unit="1", noise="counted")}
