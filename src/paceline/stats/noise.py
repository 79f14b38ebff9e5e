"""How much the time of each test varies on an unchanged program, and how far a new time stands out.

A series is judged on the logarithm of its seconds, so that noise is a factor. What all tests of a process
share, the speed of the machine in that minute, is taken out: the median ratio of the process's own tests.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from math import exp, inf, isfinite, log, sqrt
from typing import Generic, TypeVar, cast

from paceline.stats.robust import middle, middle_of, spread, spread_of

K = TypeVar("K", bound=Hashable)

#: How many runs the typical spread of a duration bin counts for beside a series' own spread.
PRIOR_WEIGHT = 8
#: Machine factors outside of these tell more about the machine than about its tests.
FACTORS = (0.6, 1.7)
#: Robust standard deviations of log times within one job, by the upper end of a duration bin in seconds.
#: They stand in where the runs themselves can't tell; measured on the suites of four projects.
USUAL_SPREADS = ((0.0005, 0.12), (0.005, 0.08), (0.05, 0.06), (inf, 0.045))
#: A spread is never taken to be smaller: clocks and rounding have a share of their own.
_LEAST_SPREAD = 0.005
_BINS_PER_FACTOR_OF_TEN = 3
_BINS_PER_FACTOR_OF_E = _BINS_PER_FACTOR_OF_TEN / log(10)
#: A bin with fewer series than this has no spread of its own.
_LEAST_IN_BIN = 8
#: So many series tell the speed of the machine to half a percent: 1.25 spreads by the root of their number.
_TELLING = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What is known of one series.

    Attributes:
        centre: median of its log seconds, at the machine's usual speed.
        sigma: robust standard deviation of its log seconds.
        runs: how many runs the two come from.
    """

    centre: float
    sigma: float
    runs: int

    @property
    def error(self) -> float:
        """Standard deviation of a new log time about the centre, which is itself an estimate."""
        return self.sigma * sqrt(1 + 1 / max(1, self.runs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How far one new time stands out.

    Attributes:
        ratio: new time by the usual one, at equal machine speed.
        z: its logarithm in standard errors.
        error: the standard error of that logarithm.
    """

    ratio: float
    z: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Generic[K]):
    """All series of a new run.

    Attributes:
        factor: speed of the machine: above 1 if everything took longer; None without a common series.
        usable: whether the factor allows a verdict.
    """

    factor: float | None
    usable: bool
    scores: Mapping[K, Score]


def fit(history: Mapping[K, Sequence[float | None]]) -> dict[K, Noise]:
    """Return the noise of each series.

    Args:
        history: seconds of each series, one item per run and the same runs everywhere; None where a run has
            none. What isn't positive and finite counts as None.
    """
    rows = {key: row for key, values in history.items() if (row := _logs(values)) is not None}
    factors = _factors(rows.values())
    usable = [_is_usable(factor) for factor in factors]
    centres: dict[K, float] = {}
    own: dict[K, float] = {}
    counts: dict[K, int] = {}
    for key, row in rows.items():
        residuals = [
            value - factor
            for value, factor, counts_here in zip(row, factors, usable, strict=False)
            if counts_here and value is not None
        ]
        if not residuals:
            continue
        residuals.sort()
        centres[key] = centre = middle_of(residuals)
        counts[key] = len(residuals)
        if len(residuals) > 1:
            own[key] = spread_of(residuals, centre)
    return shrunk(centres, own, counts)


def shrunk(
    centres: Mapping[K, float], own: Mapping[K, float], counts: Mapping[K, int], weight: float = PRIOR_WEIGHT
) -> dict[K, Noise]:
    """Return the noise of series whose own spreads are drawn to what is usual for their duration.

    Args:
        centres: median log seconds.
        own: spreads of log seconds of the series that have one.
        counts: how many runs each comes from.
        weight: how many runs the usual spread counts for.
    """
    usual = _usual(centres, own)
    noises: dict[K, Noise] = {}
    for key, centre in centres.items():
        prior, count = usual[_bin(centre)], counts[key]
        seen = own.get(key)
        if seen is not None:
            prior = sqrt((count * seen * seen + weight * prior * prior) / (count + weight))
        noises[key] = Noise(centre=centre, sigma=max(prior, _LEAST_SPREAD), runs=count)
    return noises


def scored(
    noises: Mapping[K, Noise], run: Mapping[K, float], yardstick: frozenset[K] | None = None
) -> Scored[K]:
    """Judge the seconds of a new `run` against what is usual.

    Args:
        yardstick: the series that tell the speed of the machine; None takes all that are common.
    """
    residuals = {
        key: log(value) - noises[key].centre
        for key, value in run.items()
        if key in noises and 0 < value < inf
    }
    telling = [value for key, value in residuals.items() if yardstick is None or key in yardstick]
    if not telling:
        return Scored(factor=None, usable=False, scores={})
    shift = middle(telling)
    scores = {
        key: Score(ratio=exp(value - shift), z=(value - shift) / error, error=error)
        for key, value in residuals.items()
        for error in (noises[key].error,)
    }
    return Scored(factor=exp(shift), usable=_is_usable(shift), scores=scores)


def widened(result: Scored[K], noises: Mapping[K, Noise]) -> Scored[K]:
    """Return `result` with larger errors where the new run varies more than the model knows.

    What a history of one job can't show, such as the effect of another job, is seen across the tests: most of
    them are unchanged, so that their scores should have a spread of 1. It is estimated by duration.
    """
    by_bin: dict[int, list[K]] = {}
    for key in result.scores:
        by_bin.setdefault(_bin(noises[key].centre), []).append(key)
    scores = dict(result.scores)
    for keys in by_bin.values():
        scale = _scale([result.scores[key].z for key in keys])
        for key in keys if scale > 1 else ():
            score = scores[key]
            scores[key] = Score(ratio=score.ratio, z=score.z / scale, error=score.error * scale)
    return Scored(factor=result.factor, usable=result.usable, scores=scores)


def _scale(scores: Sequence[float]) -> float:
    """Return the spread of standard scores that should have one of 1; fewer than enough are believed."""
    return max(1.0, spread(scores, middle(scores))) if len(scores) >= _LEAST_IN_BIN else 1.0


def usual_spread(seconds: float) -> float:
    """Return the spread of log times that is usual for a test of that duration."""
    return next(sigma for upper, sigma in USUAL_SPREADS if seconds < upper or upper == inf)


def _logs(values: Sequence[float | None]) -> Sequence[float | None] | None:
    """Return the logarithms of what is positive and finite, None for the rest; None if nothing is."""
    if None not in values:
        # Nearly every series is whole, and isn't looked at item by item.
        with suppress(ValueError):  # a logarithm of nothing
            whole = list(map(log, cast("Sequence[float]", values)))
            if whole and isfinite(sum(whole)):
                return whole
    known = [log(value) if value is not None and 0 < value < inf else None for value in values]
    return known if any(value is not None for value in known) else None


def _factors(rows: Collection[Sequence[float | None]]) -> list[float]:
    """Return the log speed of the machine in each run, against the median run."""
    residuals: list[Sequence[float | None]] = []
    for row in _telling(rows):
        known = [value for value in row if value is not None]
        centre = middle(known)
        residuals.append(
            [value - centre for value in known]
            if len(known) == len(row)
            else [None if value is None else value - centre for value in row]
        )
    columns = ([value for value in column if value is not None] for column in zip_longest(*residuals))
    return [middle(column) if column else 0.0 for column in columns]


def _telling(rows: Collection[Sequence[float | None]]) -> Collection[Sequence[float | None]]:
    """Return as many series as it takes, spread over those that are in every run; all where these are few."""
    whole = [row for row in rows if None not in row]
    return whole[:: len(whole) // _TELLING] if len(whole) >= 2 * _TELLING else rows


def _usual(centres: Mapping[K, float], own: Mapping[K, float]) -> dict[int, float]:
    """Return the usual spread of each duration bin: of its series where there are enough of them."""
    by_bin: dict[int, list[float]] = {_bin(centre): [] for centre in centres.values()}
    for key, sigma in own.items():
        by_bin[_bin(centres[key])].append(sigma)
    return {
        number: middle(sigmas) if len(sigmas) >= _LEAST_IN_BIN else usual_spread(_seconds(number))
        for number, sigmas in by_bin.items()
    }


def _bin(centre: float) -> int:
    return round(centre * _BINS_PER_FACTOR_OF_E)


def _seconds(number: int) -> float:
    return 10 ** (number / _BINS_PER_FACTOR_OF_TEN)


def _is_usable(shift: float) -> bool:
    low, high = FACTORS
    return isfinite(shift) and log(low) <= shift <= log(high)
