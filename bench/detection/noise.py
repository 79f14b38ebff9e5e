"""The recordings of real suites in this folder, as the figures of sessions: what rules are tried on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

from paceline.paired.order import sides
from paceline.stats.controls import Sides, Yardstick, yardstick
from paceline.stats.robust import middle

RECORDINGS = Path(__file__).with_name("recordings")
#: As many as the gate takes, and of such durations.
_CONTROLS = 30
_USEFUL = (0.0005, 0.5)
PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Twenty runs of one suite in quick succession, as ten pairs of base and head.

    Attributes:
        suite: name of what was run.
        recording: name of the file.
        conditions: `quiet` or `shared` machine.
        sides: seconds of each test in both sides, in the order in which the tests ran.
        collections: full garbage collections of the tests that had any.
        planted: share of a test's time that it really worked longer in the head.
        sums: seconds of all tests together, in both sides.
    """

    suite: str
    recording: str
    conditions: str
    sides: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    collections: Mapping[str, Sequence[tuple[float, float]]]
    planted: Mapping[str, float]
    sums: tuple[tuple[float, ...], tuple[float, ...]]

    @property
    def controls(self) -> tuple[str, ...]:
        """Tests spread over the suite that tell the machine's speed, and are no samples themselves."""
        usable = [
            key
            for key, (base, _) in self.sides.items()
            if _USEFUL[0] <= middle(base) <= _USEFUL[1] and key not in self.planted
        ]
        return tuple(usable[at * len(usable) // _CONTROLS] for at in range(min(_CONTROLS, len(usable))))

    def measured(self, pairs: int = PAIRS) -> Yardstick:
        """Return what the controls of the first so many pairs say."""
        found = yardstick({key: _cut(self.sides[key], pairs) for key in self.controls}, pairs)
        if found is None:
            raise ValueError(f"{self.recording}: too few controls in {self.suite}")
        return found

    def swapped(self, flips: Sequence[bool]) -> Session:
        """Return the session with base and head exchanged in some pairs: as likely for unchanged code."""

        def turned(both: Sides) -> tuple[tuple[float, ...], tuple[float, ...]]:
            pairs = [(b, a) if flip else (a, b) for a, b, flip in zip(*both, flips, strict=True)]
            base, head = zip(*pairs, strict=True)
            return base, head

        return Session(
            suite=self.suite,
            recording=self.recording,
            conditions=self.conditions,
            sides={key: turned(both) for key, both in self.sides.items() if key not in self.planted},
            collections={
                key: [(b, a) if flip else (a, b) for (a, b), flip in zip(counts, flips, strict=True)]
                for key, counts in self.collections.items()
            },
            planted={},
            sums=turned(self.sums) if not self.planted else self.sums,
        )


def sessions(folder: Path = RECORDINGS) -> Iterator[Session]:
    """Yield every suite of every recording, twenty runs at a time."""
    for path in sorted(folder.glob("*.json.gz")):
        recording = json.loads(gzip.decompress(path.read_bytes()))
        for number in range(recording["runs"] // (2 * PAIRS)):
            runs = slice(2 * PAIRS * number, 2 * PAIRS * (number + 1))
            for suite, found in recording["suites"].items():
                yield Session(
                    suite=suite,
                    recording=f"{path.name.partition('.')[0]}-{number + 1}",
                    conditions=recording["conditions"],
                    sides={
                        key: _sides(times[runs], 1e-6) for key, times in found["tests"].items() if all(times)
                    },
                    collections={
                        key: list(zip(*_sides(counts[runs]), strict=True))
                        for key, counts in found["collections"].items()
                    },
                    planted=recording["planted"].get(suite, {}),
                    sums=_sides(found["sums"][runs], 1e-6),
                )


def usual_seconds(session: Session, key: str) -> float:
    """Return the median seconds of a test in the base."""
    return middle(session.sides[key][0])


def speed_of(measured: Yardstick, pair: int) -> tuple[float, float]:
    """Return how slow the machine was in both runs of a pair, 1 for usual."""
    speeds = measured.speeds[pair]
    return (1.0, 1.0) if speeds is None else (exp(speeds[0]), exp(speeds[1]))


def _sides(values: Sequence[float], unit: float = 1.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    found: dict[str, list[float]] = {"base": [], "head": []}
    for at, value in enumerate(values):
        found[sides(at // 2)[at % 2]].append(value * unit)
    return tuple(found["base"]), tuple(found["head"])


def _cut(both: Sides, pairs: int) -> Sides:
    return both[0][:pairs], both[1][:pairs]
