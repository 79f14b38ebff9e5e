"""From samples to the table and the JSON file: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Literal

from configurations import BARE
from micro import Micro

Quantity = Literal["cpu", "loop"]
_DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One pytest process.

    Attributes:
        workers: of pytest-xdist; 0 runs without it.
        round: 1 for the first; what is compared comes from the same round.
        cpu: user and system seconds of the whole process tree.
        loop: CPU seconds of the run loop alone, in the first process.
        wall: seconds from start to end.
    """

    configuration: str
    tests: int
    workers: int
    round: int
    cpu: float
    loop: float
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a configuration costs more than the bare runs of the same rounds, in microseconds per test."""

    median: float
    low: float
    high: float
    ratio: float
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration of one suite.

    Attributes:
        cpu: of the process tree.
        loop: of the run loop; None with workers, whose loops run elsewhere.
        slope: of each test beyond the smaller suite, start-up and all fixed costs taken out.
    """

    configuration: str
    tests: int
    workers: int
    cpu: Cost
    loop: Cost | None
    slope: Cost | None


def rows(samples: Sequence[Sample]) -> list[Row]:
    """Return a row for each configuration and suite, in the order in which they first ran."""
    cases = dict.fromkeys((one.workers, one.tests, one.configuration) for one in samples)
    found: list[Row] = []
    for workers, tests, name in cases:
        if name == BARE:
            continue
        cpu = _cost(_pairs(samples, name, tests, workers, "cpu"), tests)
        if cpu is None:
            continue
        smallest = min(one.tests for one in samples if one.workers == workers)
        found.append(
            Row(
                configuration=name,
                tests=tests,
                workers=workers,
                cpu=cpu,
                loop=None if workers else _cost(_pairs(samples, name, tests, workers, "loop"), tests),
                slope=None if tests == smallest else _slope(samples, name, smallest, tests, workers),
            )
        )
    return found


def bare(samples: Iterable[Sample], tests: int, workers: int, quantity: Quantity) -> list[float]:
    """Return the seconds of the bare runs of a suite."""
    case = (BARE, tests, workers)
    return [getattr(one, quantity) for one in samples if (one.configuration, one.tests, one.workers) == case]


def _pairs(
    samples: Sequence[Sample], name: str, tests: int, workers: int, quantity: Quantity
) -> dict[int, tuple[float, float]]:
    """Return round to the seconds of the configuration and the mean of the round's bare runs."""
    suite = [one for one in samples if (one.tests, one.workers) == (tests, workers)]
    pairs: dict[int, tuple[float, float]] = {}
    for one in suite:
        if one.configuration == name:
            bares = bare([other for other in suite if other.round == one.round], tests, workers, quantity)
            if len(bares) > 1:  # a round that was interrupted has no bare run behind it
                pairs[one.round] = (getattr(one, quantity), fmean(bares))
    return pairs


def _slope(samples: Sequence[Sample], name: str, small: int, large: int, workers: int) -> Cost | None:
    first = _pairs(samples, name, small, workers, "cpu")
    second = _pairs(samples, name, large, workers, "cpu")
    pairs = {
        at: (second[at][0] - first[at][0], second[at][1] - first[at][1])
        for at in first.keys() & second.keys()
    }
    return _cost(pairs, large - small)


def _cost(pairs: dict[int, tuple[float, float]], tests: int) -> Cost | None:
    if not pairs:
        return None
    differences = [(seconds - base) / tests * 1e6 for seconds, base in pairs.values()]
    return Cost(
        median=round(median(differences), 1),
        low=round(min(differences), 1),
        high=round(max(differences), 1),
        ratio=round(median(seconds / base for seconds, base in pairs.values()), 3),
        rounds=len(pairs),
    )


def as_json(
    samples: Sequence[Sample], micro: Sequence[Micro], machine: dict[str, object]
) -> dict[str, object]:
    """Return everything: the machine, the rows, and the samples that they were made from."""
    return {
        "machine": machine,
        "unit": "microseconds of CPU per test, difference to bare pytest",
        "micro": [asdict(row) for row in micro],
        "rows": [asdict(row) for row in rows(samples)],
        "samples": [asdict(sample) for sample in samples],
    }


def as_markdown(samples: Sequence[Sample]) -> str:
    """Return a table for each suite, ready for a README."""
    blocks: list[str] = []
    found = rows(samples)
    for workers, tests in dict.fromkeys((row.workers, row.tests) for row in found):
        seconds = bare(samples, tests, workers, "cpu")
        how = f"`-n {workers}`" if workers else "serial"
        title = (
            f"**{tests:,} tests, {how}**: bare pytest takes {median(seconds):.2f} s CPU"
            f" [{min(seconds):.2f}..{max(seconds):.2f}], {median(seconds) / tests * 1e6:.0f} µs per test"
        )
        lines = [
            title,
            "",
            "| configuration | CPU µs per test | ratio | run loop only, µs | ratio | per further test, µs |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for row in found:
            if (row.workers, row.tests) == (workers, tests):
                cells = [row.configuration, _text(row.cpu), _ratio(row.cpu), _text(row.loop)]
                lines.append(f"| {' | '.join([*cells, _ratio(row.loop), _text(row.slope)])} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _text(cost: Cost | None) -> str:
    return _DASH if cost is None else f"{cost.median:+.0f} [{cost.low:+.0f}..{cost.high:+.0f}]"


def _ratio(cost: Cost | None) -> str:
    return _DASH if cost is None else f"{cost.ratio:.2f}"
