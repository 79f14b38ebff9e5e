"""How well rules tell a slower test from noise, on the same data at the same rate of false alarms.

python bench/detection.py                     simulated noise of the measured shape
python bench/detection.py --runs FOLDER       recorded runs of one revision, slowdowns multiplied in
python bench/detection.py --pipeline 200      false alarms and power of the whole way, over simulated requests
python bench/detection.py --speed             CPU seconds for 5,000 tests x 50 runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from random import Random
from statistics import fmean, stdev

from paceline.compare.simulate import simulated_request
from paceline.compare.timing import series_of
from paceline.model.status import status_of
from paceline.stats.controls import Yardstick, usual_pair_spread, yardstick
from paceline.stats.noise import fit, scored, widened
from paceline.stats.paired import log_pairs, paired_score
from paceline.stats.robust import middle
from paceline.stats.simulation import a_suite
from paceline.store.run_file import read_run

RATIOS = (1.1, 1.2, 1.5)
PAIRS = 10
Times = Sequence[float]


@dataclass(frozen=True)
class Sample:
    """One test in pairs of unchanged runs, and what its session knows."""

    base: Times
    head: Times
    measured: Yardstick


Rule = Callable[[Sample, float], float]


def single_ratio(sample: Sample, ratio: float) -> float:
    """One run against one earlier run, as "1.3 times the baseline" does."""
    return sample.head[0] * ratio / sample.base[0]


def mean_ratio(sample: Sample, ratio: float) -> float:
    """pytest-benchmark's `--benchmark-compare-fail=mean:...%`."""
    return fmean(sample.head) * ratio / fmean(sample.base)


def minimum_ratio(sample: Sample, ratio: float) -> float:
    """pytest-benchmark's `--benchmark-compare-fail=min:...%`."""
    return min(sample.head) * ratio / min(sample.base)


def welch(sample: Sample, ratio: float) -> float:
    """Two-sample t, as pyperf asks and Otava does at a change point."""
    head = [value * ratio for value in sample.head]
    error = sqrt(stdev(head) ** 2 / len(head) + stdev(sample.base) ** 2 / len(sample.base))
    return (fmean(head) - fmean(sample.base)) / error


def mann_whitney(sample: Sample, ratio: float) -> float:
    """asv's U, ties broken by the difference of medians so that any rate can be set."""
    head = [value * ratio for value in sample.head]
    above = sum((after > before) + (after == before) / 2 for after in head for before in sample.base)
    return above + 1e-3 * log(middle(head) / middle(sample.base))


def consensus(sample: Sample, ratio: float) -> float:
    """Paceline's score: the most cautious of three ratios in shrunk standard errors, beside controls."""
    pairs = log_pairs(sample.base, [value * ratio for value in sample.head], sample.measured.speeds)
    if not pairs:
        return 0.0
    usual = usual_pair_spread(sample.measured, exp(middle([before for before, _ in pairs])))
    return paired_score(pairs, usual).z


RULES: dict[str, tuple[Rule, float | None]] = {
    "one run, 1.3x": (single_ratio, 1.3),
    "pytest-benchmark, mean +10 %": (mean_ratio, 1.1),
    "pytest-benchmark, min +10 %": (minimum_ratio, 1.1),
    "Welch t > 2 (pyperf; Otava's test)": (welch, 2.0),
    "asv, Mann-Whitney p < 0.002": (mann_whitney, 87.0),
    "Paceline, z > 3.5": (consensus, 3.5),
}


def simulated(seed: int, suites: int, tests: int) -> list[Sample]:
    """Return samples of made-up suites, each in a job of its own."""
    random = Random(seed)
    samples: list[Sample] = []
    for _ in range(suites):
        machine = a_suite(random, tests, median=0.003)
        job = machine.job(random)
        runs = [machine.run(random, job) for _ in range(2 * PAIRS)]
        samples.extend(_samples(list(zip(*runs, strict=True))))
    return samples


def recorded(folder: Path) -> list[Sample]:
    """Return samples of recorded runs: neighbours in time are pairs, as many as there are."""
    runs = [read_run(path) for path in sorted(folder.rglob("*.jsonl*"))]
    runs = [run for run in runs if status_of(run) in ("measured", "tests_failed")]
    samples: list[Sample] = []
    for first in range(0, len(runs) - 2 * PAIRS + 1, 2 * PAIRS):
        job = runs[first : first + 2 * PAIRS]
        series = series_of(job, "clean_time") or series_of(job, "duration")
        whole = [
            [value for value in values if value]
            for key, values in series.items()
            if key[1] == "call" and all(values)
        ]
        samples.extend(_samples(whole))
    return samples


def _samples(tests: Sequence[Sequence[float]]) -> list[Sample]:
    sides = [(times[::2], times[1::2]) for times in tests]
    # Every tenth test is a control of its session, and no sample.
    measured = yardstick(dict(enumerate(sides[::10])), PAIRS)
    if measured is None:
        return []
    return [Sample(*both, measured) for at, both in enumerate(sides) if at % 10]


def table(samples: Sequence[Sample], rate: float) -> str:
    """Return, for each rule, false alarms as shipped and power where all have the same rate of them."""
    lines = [
        f"{len(samples)} samples of unchanged code, {PAIRS} pairs each; equal rate of false alarms: {rate:g}",
        "",
        f"| rule | false alarms as shipped | {' | '.join(f'power +{r - 1:.0%}' for r in RATIOS)} |",
        f"|---|{'---:|' * (len(RATIOS) + 1)}",
    ]
    for name, (rule, shipped) in RULES.items():
        nulls = sorted((rule(sample, 1.0) for sample in samples), reverse=True)
        limit = nulls[int(rate * len(nulls))]
        alarms = "" if shipped is None else f"{sum(value > shipped for value in nulls) / len(nulls):.4f}"
        power = [sum(rule(sample, ratio) > limit for sample in samples) / len(samples) for ratio in RATIOS]
        lines.append(f"| {name} | {alarms} | {' | '.join(f'{value:.2f}' for value in power)} |")
    return "\n".join(lines)


def pipeline(seed: int, requests: int, tests: int = 1000) -> str:
    """Return false alarms and power of nomination and both confirmations."""
    random = Random(seed)
    lines = ["| true change | tests | nominated | convicted |", "|---|---:|---:|---:|"]
    null = nominated = convicted = pairs = 0
    for ratio in (1.0, *RATIOS):
        slowed = seen = found = 0
        for _ in range(requests if ratio == 1.0 else max(1, requests // 10)):
            machine = a_suite(random, tests)
            long = [at for at, seconds in enumerate(machine.seconds) if seconds >= 0.005]
            slower = dict.fromkeys(long[::8], ratio) if ratio > 1 else {}
            request = simulated_request(machine, random, slower)
            slowed += len(slower)
            seen += len(request.nominated & slower.keys())
            found += len(request.convicted & slower.keys())
            null += tests - len(slower)
            nominated += len(request.nominated - slower.keys())
            convicted += len(request.convicted - slower.keys())
            pairs += request.pairs
        if slowed:
            lines.append(
                f"| +{ratio - 1:.0%}, 5 ms or more | {slowed} | {seen / slowed:.2f} | {found / slowed:.2f} |"
            )
    lines.append(f"| none | {null} | {nominated / null:.4f} | {convicted} |")
    bound = 3 / null if not convicted else (convicted + 3 * sqrt(convicted)) / null
    return "\n".join(
        [*lines, "", f"false alarms per test: below {bound:.1e} (95 %); {pairs} pairs of a test run"]
    )


def speed(tests: int = 5000, runs: int = 50) -> str:
    """Return the CPU seconds of judging a run against a history."""
    random = Random(1)
    history: dict[int, list[float | None]] = {
        at: [0.001 * exp(random.gauss(0, 0.1)) for _ in range(runs)] for at in range(tests)
    }
    new = {at: 0.001 * exp(random.gauss(0, 0.1)) for at in range(tests)}
    spent: list[float] = []
    for _ in range(5):
        start = time.process_time()
        noises = fit(history)
        widened(scored(noises, new), noises)
        spent.append(time.process_time() - start)
    spread = f"fastest {min(spent):.3f}, slowest {max(spent):.3f}"
    return f"{tests} tests x {runs} runs: {middle(spent):.3f} s CPU ({spread})"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--suites", type=int, default=30)
    parser.add_argument("--pipeline", type=int, metavar="REQUESTS")
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    if given.speed:
        print(speed())
    elif given.pipeline:
        print(pipeline(given.seed, given.pipeline))
    else:
        samples = recorded(given.runs) if given.runs else simulated(given.seed, given.suites, 1000)
        if not samples:
            parser.error(f"{given.runs} holds no {2 * PAIRS} runs of at least a hundred tests")
        print(table(samples, given.rate))


if __name__ == "__main__":
    main()
