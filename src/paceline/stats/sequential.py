"""How many pairs to measure before a slowdown is confirmed or dropped: a rule for each look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from paceline.stats.paired import PairedScore

Step = Literal["go on", "dropped", "confirmed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is asked of a series after a number of pairs.

    Attributes:
        pairs: when.
        change: relative change that the median ratio has to exceed.
        z: standard errors that its logarithm has to exceed.
    """

    pairs: int
    change: float
    z: float


#: What is asked to stay a candidate, and at the last look to be confirmed.
LOOKS = (
    Look(pairs=3, change=0.03, z=1.0),
    Look(pairs=6, change=0.04, z=2.4),
    Look(pairs=10, change=0.05, z=4.2),
)
#: What the independent repetition asks of those that were confirmed: it only has to keep out what happened by
#: chance, so that it may be milder and finds again what is really slower.
AGAIN = (
    Look(pairs=3, change=0.01, z=0.8),
    Look(pairs=6, change=0.02, z=2.0),
    Look(pairs=10, change=0.03, z=3.5),
)
#: What is asked of sums, such as a shared fixture or a whole suite, in both confirmations. There are few of
#: them, so that chance has few tries, and a tenth matters: more pairs and milder demands.
TOTALS = (
    Look(pairs=3, change=-0.05, z=-1.0),
    Look(pairs=6, change=-0.02, z=0.0),
    Look(pairs=10, change=0.005, z=0.7),
    Look(pairs=20, change=0.03, z=1.7),
)
#: What is so much slower after these many pairs that more of them would tell nothing.
OBVIOUS = (Look(pairs=3, change=1.0, z=7.0), Look(pairs=6, change=0.50, z=7.0))


def patient(looks: tuple[Look, ...]) -> tuple[Look, ...]:
    """Return `looks` with twice as many pairs and the same demands at the end, and milder ones until then.

    For the few suspects that cost most: where the machine is busy, ten pairs see no fifth.
    """
    *_, last = looks
    milder = [replace(look, z=look.z / 2) for look in looks]
    return (*milder, replace(last, pairs=2 * last.pairs))


def step(score: PairedScore, looks: tuple[Look, ...] = LOOKS, obvious: tuple[Look, ...] = OBVIOUS) -> Step:
    """Return what to do with a candidate after a look.

    Between two looks, and beyond the last one, the demands are those of the look before.
    """
    reached = [look for look in looks if look.pairs <= score.pairs]
    if not reached:
        return "go on"
    if not _passes(score, reached[-1]):
        return "dropped"
    if len(reached) == len(looks):
        return "confirmed"
    if any(score.pairs >= look.pairs and _passes(score, look) for look in obvious):
        return "confirmed"
    return "go on"


def next_look(pairs: int, looks: tuple[Look, ...] = LOOKS) -> int | None:
    """Return the number of pairs at which to look next; None after the last look."""
    return next((look.pairs for look in looks if look.pairs > pairs), None)


def _passes(score: PairedScore, look: Look) -> bool:
    return score.median > 1 + look.change and score.z > look.z
