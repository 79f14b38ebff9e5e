"""Which series are worth a second look: rules on scores of one run, and on runs of several jobs.

None of them is safe enough to fail a build on: see the false alarms in the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from paceline.stats.noise import Noise, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Nomination:
    """When a single run makes a series suspicious.

    Attributes:
        z: standard errors by which it stands out, at least.
        change: smallest relative change.
        seconds: smallest absolute change.
    """

    z: float = 2.0
    change: float = 0.05
    seconds: float = 0.0005

    def direction(self, score: Score, before: float) -> int:
        """Return 1 if the series looks slower, -1 if it looks faster, 0 if neither.

        Args:
            before: its usual seconds.
        """
        if abs(score.ratio - 1) * before < self.seconds:
            return 0
        if score.z > self.z and score.ratio > 1 + self.change:
            return 1
        return -1 if score.z < -self.z and score.ratio < 1 / (1 + self.change) else 0

    def detectable(self, error: float, before: float) -> float:
        """Return the smallest ratio that would have been noticed four times out of five.

        Args:
            error: standard error of the log ratio.
            before: usual seconds of the series.
        """
        by_noise = exp((self.z + _FOUR_OF_FIVE) * error)
        return max(by_noise, 1 + self.change, 1 + self.seconds / before if before > 0 else 1.0)


#: What is measured again: so generous that little of what is slower is lost, at the price of about 7 % of all
#: tests, most of which three pairs clear.
WORTH_PAIRS = Nomination(z=0.3, change=0.05, seconds=0.0005)
#: Quantile of the normal distribution: what is 0.84 standard errors above a limit is beyond it 4 times of 5.
_FOUR_OF_FIVE = 0.84
#: Independent jobs that have to agree.
RECURRENCES = 5
_RECURRING_CHANGE = 1.10
_RECURRING_Z = 1.0


def recurs(noise: Noise, jobs: Sequence[float]) -> bool | None:
    """Tell whether a slowdown comes back in every one of the last independent jobs; None for too few jobs.

    Runs of one job share what disturbed it, so that several of them are one vote: the caller passes one
    figure per job.

    Args:
        jobs: log seconds at the machine's usual speed, the newest last.
    """
    if len(jobs) < RECURRENCES:
        return None
    excess = min(jobs[-RECURRENCES:]) - noise.centre
    return excess > log(_RECURRING_CHANGE) and excess > _RECURRING_Z * noise.sigma
