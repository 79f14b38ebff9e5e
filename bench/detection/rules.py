"""Rules that call a test slower, each as a score of its ten pairs: the higher, the more suspicious.

Those of other tools are their own functions, imported from the packages that `requirements.txt` names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, pi, sqrt
from statistics import fmean, variance

from noise import Session, usual_seconds

from paceline.stats.controls import Yardstick, usual_pair_spread
from paceline.stats.paired import log_pairs, paired_score
from paceline.stats.robust import middle, quantile


@dataclass(frozen=True, slots=True)
class Sample:
    """One test in the pairs of a session.

    Attributes:
        base: seconds in the base.
        head: seconds in the head.
        measured: what the controls of its session say.
        seconds: about how long the test takes.
        collections: full garbage collections in both sides of each pair.
    """

    base: Sequence[float]
    head: Sequence[float]
    measured: Yardstick
    seconds: float
    collections: Sequence[tuple[float, float]] = ()

    def slower(self, ratio: float) -> Sample:
        """Return the sample of a test that takes `ratio` times as long in the head."""
        head = [value * ratio for value in self.head]
        return Sample(self.base, head, self.measured, self.seconds, self.collections)

    @property
    def logs(self) -> tuple[tuple[float, float], ...]:
        """Log seconds of the pairs at equal machine speed."""
        return log_pairs(self.base, self.head, self.measured.speeds)

    @property
    def usual(self) -> float:
        """Usual standard deviation of the log ratio of a pair."""
        return usual_pair_spread(self.measured, self.seconds)


def samples(session: Session, *, planted: bool = False) -> list[Sample]:
    """Return the tests of a session that are no controls: the unchanged ones, or those with planted work."""
    measured, controls = session.measured(), set(session.controls)
    return [
        Sample(base, head, measured, usual_seconds(session, key), session.collections.get(key, ()))
        for key, (base, head) in session.sides.items()
        if key not in controls and (key in session.planted) is planted
    ]


Rule = Callable[[Sample], float]


def shipped(sample: Sample) -> float:
    """The median of all differences in standard errors, and that of the faster halves: the lesser of both."""
    logs = sample.logs
    return paired_score(logs, sample.usual).least if logs else 0.0


def of_all_runs(sample: Sample) -> float:
    """The median of all differences alone, in standard errors, the noise drawn to what is usual."""
    logs = sample.logs
    return paired_score(logs, sample.usual).z if logs else 0.0


def shrunk_by(weight: float) -> Rule:
    """Return the same with another weight of what is usual."""

    def rule(sample: Sample) -> float:
        logs = sample.logs
        return paired_score(logs, sample.usual, weight).least if logs else 0.0

    return rule


def _of_ratio(ratio: Callable[[Sequence[float], Sequence[float]], float]) -> Rule:
    def rule(sample: Sample) -> float:
        logs = sample.logs
        if not logs:
            return 0.0
        base, head = (sorted(side) for side in zip(*logs, strict=True))
        return ratio(base, head) / paired_score(logs, sample.usual).sigma

    return rule


medians = _of_ratio(lambda base, head: middle(head) - middle(base))
consensus = _of_ratio(
    lambda base, head: min(
        middle([b - a for a in base for b in head]),
        quantile(head, 0.25) - quantile(base, 0.25),
        head[0] - base[0],
    )
)
quartiles = _of_ratio(lambda base, head: quantile(head, 0.25) - quantile(base, 0.25))
minima = _of_ratio(lambda base, head: head[0] - base[0])
lower_halves = _of_ratio(lambda base, head: fmean(head[: len(head) // 2]) - fmean(base[: len(base) // 2]))
deciles = _of_ratio(
    lambda base, head: min(quantile(head, q) - quantile(base, q) for q in (0.1, 0.25, 0.5, 0.75))
)
halves_and_median = _of_ratio(
    lambda base, head: min(
        fmean(head[: len(head) // 2]) - fmean(base[: len(base) // 2]),
        middle([b - a for a in base for b in head]),
    )
)


def paired_t(sample: Sample) -> float:
    """Student's paired t on log ratios, its variance drawn to what is usual."""
    ratios = [head - base for base, head in sample.logs]
    if len(ratios) < 2:
        return 0.0
    pooled = (len(ratios) * variance(ratios) + 8 * sample.usual**2) / (len(ratios) + 8)
    return fmean(ratios) / sqrt(pooled * pi / 3 / len(ratios))


def sign_test(sample: Sample) -> float:
    """Number of pairs in which the head is slower, ties broken by the median ratio."""
    ratios = [head - base for base, head in sample.logs]
    return sum(ratio > 0 for ratio in ratios) + 0.1 * max(-4.0, min(4.0, middle(ratios))) if ratios else 0.0


def single_ratio(sample: Sample) -> float:
    """One run against one earlier run, as "1.3 times the baseline" does."""
    return sample.head[0] / sample.base[0]


OURS: dict[str, Rule] = {
    "median of all differences, and of those of the faster halves (shipped)": shipped,
    "the same, usual noise weighs 2": shrunk_by(2),
    "the same, usual noise weighs 20": shrunk_by(20),
    "the same, own noise ignored": shrunk_by(1e6),
    "median of all differences": of_all_runs,
    "difference of the medians": medians,
    "median of all differences, lower quartile and minimum, the least": consensus,
    "lower quartiles": quartiles,
    "minima": minima,
    "means of the faster halves": lower_halves,
    "faster halves and median, both": halves_and_median,
    "four quantiles, all of them": deciles,
    "paired t, variance shrunk": paired_t,
    "sign test": sign_test,
}


def _asv() -> dict[str, tuple[Rule, float]]:
    from asv._stats import mann_whitney_u

    def by_p(sample: Sample) -> float:
        if middle(sample.head) < 1.1 * middle(sample.base):
            return 0.0
        return 1 / float(mann_whitney_u(list(sample.base), list(sample.head))[1])

    def by_factor(sample: Sample) -> float:
        p = mann_whitney_u(list(sample.base), list(sample.head))[1]
        return middle(sample.head) / middle(sample.base) if p < 0.002 else 0.0

    return {
        "asv, p of Mann-Whitney varied": (by_p, 1 / 0.002),
        "asv, its factor varied": (by_factor, 1.1),
    }


def _pytest_benchmark() -> dict[str, tuple[Rule, float]]:
    from pytest_benchmark.stats import Stats
    from pytest_benchmark.utils import parse_compare_fail

    def rule_of(field: str) -> Rule:
        check = parse_compare_fail(f"{field}:10%")

        def rule(sample: Sample) -> float:
            figures: list[dict[str, float]] = []
            for side in (sample.base, sample.head):
                stats = Stats()
                for value in side:
                    stats.update(value)
                figures.append({field: getattr(stats, field)})
            return float(check.compute(figures[1], figures[0]))

        return rule

    return {f"pytest-benchmark, {field}:10%": (rule_of(field), 10.0) for field in ("mean", "median", "min")}


def _perfguard() -> dict[str, tuple[Rule, float]]:
    from pytest_perfguard.compare import Thresholds, _baseline_estimates

    default = Thresholds()

    def rule_with(floor: int) -> Rule:
        def rule(sample: Sample) -> float:
            # Each run of the head is held to the history; the median one decides.
            history = [{"metrics": {"cpu_time_ns": round(value * 1e9)}} for value in sample.base]
            found = _baseline_estimates(
                history=history,
                anchor=None,
                metric_name="cpu_time_ns",
                relative_threshold=default.cpu_relative,
                absolute_floor=floor,
                mad_multiplier=default.robust_mad_multiplier,
                min_samples=5,
            )
            return middle(sample.head) * 1e9 / float(found[0]["limit"]) if found else 0.0

        return rule

    return {
        "pytest-perfguard": (rule_with(default.cpu_time_absolute_ns), 1.0),
        "pytest-perfguard, no absolute floor": (rule_with(0), 1.0),
    }


def _otava() -> dict[str, tuple[Rule, float]]:
    from otava.analysis import compute_change_points

    def rule(sample: Sample) -> float:
        # The series as its history would be: all runs of the base, then those of the head.
        series = [*sample.base, *sample.head]
        points, _ = compute_change_points(series, max_pvalue=0.4)
        near = [
            point for point in points
            if abs(point.index - len(sample.base)) <= 2 and point.stats.mean_2 > point.stats.mean_1
        ]  # fmt: skip
        return max((-log(max(point.stats.pvalue, exp(-600))) for point in near), default=0.0)

    return {"Otava, p varied": (rule, -log(0.001))}


def peers() -> tuple[dict[str, tuple[Rule, float]], list[str]]:
    """Return the rules of other tools with the limits that they ship, and which aren't installed."""
    found: dict[str, tuple[Rule, float]] = {"one run, 1.3x": (single_ratio, 1.3)}
    missing: list[str] = []
    for load in (_pytest_benchmark, _perfguard, _asv, _otava):
        try:
            found |= load()
        except ImportError as error:
            missing.append(f"{load.__name__.strip('_')}: {error}")
    return found, missing
