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
        faster: whether the faster halves of both sides have to differ by as much.
    """

    pairs: int
    change: float
    z: float
    faster: bool = True


#: What is asked to stay a candidate, and at the last look to be confirmed. Most are cleared by the first ten
#: pairs; where the machine is noisy, ten see no fifth, so that what is still undecided then is given more.
LOOKS = (
    Look(pairs=3, change=0.03, z=0.4),
    Look(pairs=6, change=0.04, z=1.0),
    Look(pairs=10, change=0.04, z=1.6),
    Look(pairs=15, change=0.045, z=2.5),
    Look(pairs=20, change=0.05, z=3.5),
)
#: What the independent repetition asks of those that were confirmed: it only has to keep out what happened by
#: chance, so that it may be milder and finds again what is really slower.
AGAIN = (
    Look(pairs=3, change=0.01, z=0.3),
    Look(pairs=6, change=0.02, z=0.8),
    Look(pairs=10, change=0.03, z=1.3),
    Look(pairs=15, change=0.03, z=2.0),
    Look(pairs=20, change=0.03, z=2.8),
)
#: What is asked of sums, such as a shared fixture or a whole suite, in both confirmations. There are few of
#: them, so that chance has few tries, and a tenth matters: more pairs and milder demands.
TOTALS = (
    Look(pairs=3, change=-0.05, z=-1.0, faster=False),
    Look(pairs=6, change=-0.02, z=0.0, faster=False),
    Look(pairs=10, change=0.005, z=0.7, faster=False),
    Look(pairs=20, change=0.03, z=1.7, faster=False),
)
#: What is so much slower after these many pairs that more of them would tell nothing.
OBVIOUS = (
    Look(pairs=3, change=1.0, z=7.0),
    Look(pairs=6, change=0.50, z=7.0),
    Look(pairs=10, change=0.05, z=3.9),
    Look(pairs=15, change=0.05, z=3.7),
)


#: The same of the least times of several loops, which have none of the tail that single runs have.
OBVIOUS_OF_LEAST = (
    Look(pairs=3, change=0.50, z=9.0),
    Look(pairs=6, change=0.10, z=7.0),
    Look(pairs=10, change=0.05, z=4.4),
    Look(pairs=15, change=0.05, z=4.2),
)
#: Least times vary so little that more can be asked of them, which keeps out what chance does to wild tests.
_STRICTER = 1.2


def of_least(looks: tuple[Look, ...]) -> tuple[Look, ...]:
    """Return what is asked of least times: a higher score at the end than `looks` ask for."""
    *earlier, last = looks
    return (*earlier, replace(last, z=last.z * _STRICTER))


def step(score: PairedScore, looks: tuple[Look, ...] = LOOKS, obvious: tuple[Look, ...] = OBVIOUS) -> Step:
    """Return what to do with a candidate after a look; what can't be enough any more is dropped.

    Some pairs may not count: with fewer than a look has, the demands are those of the look before.
    """
    reached = [look for look in looks if look.pairs <= score.pairs]
    if not reached:
        return "go on"
    if not _passes(score, reached[-1]) or score.interval[1] < 1 + looks[-1].change:
        return "dropped"
    if len(reached) == len(looks):
        return "confirmed"
    # Who asks for more at the end, such as where chance has come near, isn't satisfied with less before.
    least = looks[-1].z
    if any(
        score.pairs >= look.pairs and _passes(score, replace(look, z=max(look.z, least))) for look in obvious
    ):
        return "confirmed"
    return "go on"


def next_look(pairs: int, looks: tuple[Look, ...] = LOOKS) -> int | None:
    """Return the number of pairs at which to look next; None after the last look."""
    return next((look.pairs for look in looks if look.pairs > pairs), None)


def _passes(score: PairedScore, look: Look) -> bool:
    z = score.least if look.faster else score.z
    return score.median > 1 + look.change and z > look.z
