"""Rules side by side at the same rate of false alarms, on the same recorded pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from noise import PAIRS, Session
from rules import OURS, Rule, Sample, peers, samples, shipped

from paceline.stats.sequential import LOOKS

RATIOS = (1.1, 1.2, 1.5)
LONG = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule.

    Attributes:
        shipped: share of false alarms at the limit that its tool ships; None for a score without one.
        power: share of slowed tests that it finds where the limit is set to the common rate, by ratio.
    """

    rule: str
    shipped: float | None
    power: tuple[float, ...]


def population(sessions: Sequence[Session], least: float, draws: int, seed: int) -> list[Sample]:
    """Return the unchanged tests of at least `least` seconds, base and head drawn several times."""
    random = Random(seed)
    return [
        sample
        for session in sessions
        for _ in range(draws)
        for sample in samples(session.swapped([random.random() < 0.5 for _ in range(PAIRS)]))
        if sample.seconds >= least
    ]


def rows(nulls: Sequence[Sample], slowed: Sequence[Sample], rate: float) -> tuple[list[Row], list[Row]]:
    """Return the rows of our own alternatives and of other tools."""
    ours = [_row(name, rule, None, nulls, slowed, rate) for name, rule in OURS.items()]
    foreign, _ = peers()
    limits: Mapping[str, tuple[Rule, float]] = {
        f"Paceline, z > {LOOKS[-1].z:g}": (shipped, LOOKS[-1].z),
        **foreign,
    }
    return ours, [_row(name, *each, nulls, slowed, rate) for name, each in limits.items()]


def _row(
    name: str,
    rule: Rule,
    shipped: float | None,
    nulls: Sequence[Sample],
    slowed: Sequence[Sample],
    rate: float,
) -> Row:
    scores = sorted(map(rule, nulls), reverse=True)
    limit = scores[int(rate * len(scores))]
    alarms = None if shipped is None else sum(score > shipped for score in scores) / len(scores)
    power = tuple(
        sum(rule(sample.slower(ratio)) > limit for sample in slowed) / len(slowed) for ratio in RATIOS
    )
    return Row(rule=name, shipped=alarms, power=power)
