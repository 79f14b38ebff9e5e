"""The recordings of real suites in this folder, as the figures of sessions: what rules are tried on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from paceline.paired.order import sides
from paceline.stats.controls import Yardstick, yardstick
from paceline.stats.paired import Sides
from paceline.stats.robust import middle

RECORDINGS = Path(__file__).with_name("recordings")
#: As many as the gate takes, and of such durations.
_CONTROLS = 30
_USEFUL = (0.0005, 0.5)
PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Runs of one suite, as pairs of base and head in quick succession.

    Attributes:
        suite: name of what was run.
        recording: where it comes from.
        conditions: `quiet` or `shared` machine.
        sides: seconds of each test in both sides, in the order in which the tests ran.
        collections: full garbage collections of the tests that had any.
        planted: share of a test's time that it really worked longer in the head.
        least: the least seconds of several loops, like `sides`; empty if there was one.
        second: seconds of the second loop.
    """

    suite: str
    recording: str
    conditions: str
    sides: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    collections: Mapping[str, Sequence[tuple[float, float]]]
    planted: Mapping[str, float]
    least: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    second: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]

    @property
    def controls(self) -> tuple[str, ...]:
        """Tests spread over the suite that tell the machine's speed, and are no samples themselves."""
        usable = [
            key
            for key, (base, _) in self.sides.items()
            if _USEFUL[0] <= middle(base) <= _USEFUL[1] and key not in self.planted
        ]
        return tuple(usable[at * len(usable) // _CONTROLS] for at in range(min(_CONTROLS, len(usable))))

    @property
    def pairs(self) -> int:
        """How many there are."""
        return len(next(iter(self.sides.values()))[0])

    def measured(self, pairs: int = PAIRS, *, least: bool = False) -> Yardstick:
        """Return what the controls of the first so many pairs say; by single runs, or the `least` of all."""
        sides = self.least if least else self.sides
        found = yardstick({key: _cut(sides[key], pairs) for key in self.controls}, pairs)
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
            least={key: turned(both) for key, both in self.least.items() if key not in self.planted},
            second={key: turned(both) for key, both in self.second.items() if key not in self.planted},
        )


def sessions(folder: Path = RECORDINGS, pairs: int = PAIRS, *, looped: bool = False) -> Iterator[Session]:
    """Yield every suite, so many pairs at a time.

    Recordings under the same conditions follow one another; what was planted in one that has fewer pairs is
    left out, so that it can be joined with others.

    Args:
        looped: only recordings with several loops in each process, or only the others.
    """
    groups: dict[tuple[str, str], list[_Recorded]] = {}
    for path in sorted(folder.glob("*.json.gz")):
        recording = json.loads(gzip.decompress(path.read_bytes()))
        if (recording.get("loops", 1) > 1) != looped:
            continue
        for suite, found in recording["suites"].items():
            planted = recording["planted"].get(suite, {})
            part = _Recorded(
                times={key: times for key, times in found["tests"].items() if all(times)},
                collections=found["collections"],
                least=found.get("least", {}),
                second=found.get("second", {}),
                planted=planted,
                runs=recording["runs"] // 2 * 2,
            )
            if planted and part.runs >= 2 * pairs:
                yield from _blocks(
                    suite, f"{path.name.partition('.')[0]}", recording["conditions"], part, pairs
                )
            else:
                groups.setdefault((suite, recording["conditions"]), []).append(part)
    for (suite, conditions), parts in groups.items():
        yield from _blocks(suite, conditions, conditions, _joined(parts), pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """Microseconds of each test in each run, and its full garbage collections."""

    times: Mapping[str, Sequence[int]]
    collections: Mapping[str, Sequence[int]]
    planted: Mapping[str, float]
    runs: int
    least: Mapping[str, Sequence[int]]
    second: Mapping[str, Sequence[int]]


def _joined(parts: Sequence[_Recorded]) -> _Recorded:
    common = [
        key for key in parts[0].times if all(key in part.times and key not in part.planted for part in parts)
    ]

    def joined(rows: Callable[[_Recorded], Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
        return {
            key: [value for part in parts for value in rows(part)[key][: part.runs]]
            for key in common
            if all(key in rows(part) for part in parts)
        }

    return _Recorded(
        times=joined(attrgetter("times")),
        least=joined(attrgetter("least")),
        second=joined(attrgetter("second")),
        collections={
            key: [
                value for part in parts for value in part.collections.get(key, [0] * part.runs)[: part.runs]
            ]
            for key in common
            if any(key in part.collections for part in parts)
        },
        planted={},
        runs=sum(part.runs for part in parts),
    )


def _blocks(suite: str, name: str, conditions: str, part: _Recorded, pairs: int) -> Iterator[Session]:
    for number in range(part.runs // (2 * pairs)):
        runs = slice(2 * pairs * number, 2 * pairs * (number + 1))
        yield Session(
            suite=suite,
            recording=f"{name}-{number + 1}",
            conditions=conditions,
            sides={key: _sides(times[runs], 1e-6) for key, times in part.times.items()},
            collections={
                key: list(zip(*_sides(counts[runs]), strict=True)) for key, counts in part.collections.items()
            },
            planted=part.planted,
            least={key: _sides(times[runs], 1e-6) for key, times in part.least.items()},
            second={key: _sides(times[runs], 1e-6) for key, times in part.second.items()},
        )


def usual_seconds(session: Session, key: str) -> float:
    """Return the median seconds of a test in the base."""
    return middle(session.sides[key][0])


def _sides(values: Sequence[float], unit: float = 1.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    found: dict[str, list[float]] = {"base": [], "head": []}
    for at, value in enumerate(values):
        found[sides(at // 2)[at % 2]].append(value * unit)
    return tuple(found["base"]), tuple(found["head"])


def _cut(both: Sides, pairs: int) -> Sides:
    return both[0][:pairs], both[1][:pairs]
