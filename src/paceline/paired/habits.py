"""What is usual for a suite, from runs of it against itself: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, sqrt

from paceline.model.calibration import DurationClass, SuiteCalibration
from paceline.stats.noise import USUAL_SPREADS, usual_spread
from paceline.stats.paired import PairedScore, detectable, paired_score
from paceline.stats.proportion import upper_bound
from paceline.stats.robust import middle, spread
from paceline.stats.sequential import AGAIN, LOOKS, Look, step

#: A class with fewer series than this says nothing of its own.
_LEAST_SERIES = 5
#: What is asked beyond the worst chance ever did.
_MARGIN = 0.1

LogPairs = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a gate takes for usual, and what it asks of a suspect.

    Attributes:
        calibration: of the suite on this machine; None where it was never made.
    """

    calibration: SuiteCalibration | None = None

    def usual(self, seconds: float) -> float | None:
        """Return the standard deviation of a pair's log ratio that was found for series of that duration."""
        for one in self.calibration.classes if self.calibration is not None else ():
            if (one.below is None or seconds < one.below) and one.series >= _LEAST_SERIES:
                return one.spread
        return None

    def looks(self, *, again: bool) -> tuple[Look, ...]:
        """Return the demands at each look: at first never less than chance has met before.

        Args:
            again: in the independent repetition, which only has to keep out what isn't repeated.
        """
        highest = self.calibration.highest if self.calibration is not None else None
        *earlier, last = LOOKS
        if again:
            return AGAIN
        if highest is None or highest < last.z:
            return LOOKS
        return (*earlier, replace(last, z=round(highest + _MARGIN, 2)))


def calibrated(
    series: Sequence[LogPairs], *, pairs: int, at: str, cpu: str | None, python: str
) -> SuiteCalibration:
    """Return what `series`, none of which has changed, say about chance.

    Args:
        series: log seconds of each pair, the machine's speed taken out; one item per phase of a test.
        pairs: how many there are at most.

    Raises:
        ValueError: `series` is empty.
    """
    whole = [one for one in series if len(one) == pairs]
    if not whole:
        raise ValueError("no series was measured in every pair")
    classes = tuple(_classes(whole, pairs))
    bare = SuiteCalibration(
        at=at,
        cpu=cpu,
        python=python,
        pairs=pairs,
        trials=2 * len(whole),
        alarms=0,
        bound=1.0,
        highest=None,
        classes=classes,
    )
    habits = Habits(calibration=bare)
    # Neither side is the newer one, so each series is judged both ways.
    scores = [
        paired_score(way, habits.usual(_typical(one)) or sqrt(2) * usual_spread(_typical(one)))
        for one in whole
        for way in (one, [(after, before) for before, after in one])
    ]
    last = (replace(LOOKS[-1], pairs=pairs),)
    alarms = sum(step(score, last) == "confirmed" for score in scores)
    met = [score.least for score in scores if _meets_all_but_z(score)]
    return replace(
        bare,
        alarms=alarms,
        bound=upper_bound(alarms, len(scores)),
        highest=round(max(met), 3) if met else None,
    )


def _meets_all_but_z(score: PairedScore) -> bool:
    return score.median > 1 + LOOKS[-1].change


def _typical(series: LogPairs) -> float:
    return exp(middle([before for before, _ in series]))


def _classes(series: Sequence[LogPairs], pairs: int) -> Iterator[DurationClass]:
    last = LOOKS[-1]
    lower = 0.0
    for upper, _ in USUAL_SPREADS:
        spreads = [
            spread(ratios, middle(ratios))
            for one in series
            if lower <= _typical(one) < upper
            for ratios in ([after - before for before, after in one],)
        ]
        lower = upper
        if spreads:
            typical = max(0.001, middle(spreads))
            yield DurationClass(
                below=None if upper == inf else upper,
                series=len(spreads),
                spread=round(typical, 4),
                detectable=round(detectable(typical, pairs, last.z, last.change), 3),
            )
