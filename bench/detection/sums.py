"""Sums over many tests, on recorded sessions: how often a tenth more is found, and how often chance is.

A sum is that of all tests of a file, as a shared fixture's would be, or of a whole suite. The gate measures
twenty pairs for it, which are two sessions here, and repeats them, which are two others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from noise import PAIRS, Session
from recorded import slower

from paceline.compare.confirm import Suspect, decide
from paceline.stats.paired import Sides
from paceline.stats.robust import middle
from paceline.stats.sequential import TOTALS, next_look

#: The gate doesn't look at smaller changes of a sum: 0.05 s are a tenth of this.
_LEAST = 0.5
_SUITE = "the suite"
#: Sessions that one series of pairs is joined from.
_PER_SERIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What became of sums that were a tenth slower, and of unchanged ones.

    Attributes:
        sums: how many different ones.
        tries: draws of base and head, over all of them.
        found: share of the slower ones that both confirmations found.
        alarms: share of the unchanged ones for which both did.
    """

    sums: int
    tries: int
    found: float
    alarms: float


def of_sessions(sessions: Sequence[Session], ratio: float, draws: int, seed: int, *, suites: bool) -> Sums:
    """Return what the two confirmations would say of every sum: of whole suites, or of files."""
    random = Random(seed)
    tries = found = alarms = 0
    names: set[tuple[str, str]] = set()
    for suite in sorted({session.suite for session in sessions}):
        own = [session for session in sessions if session.suite == suite]
        for _ in range(draws if len(own) >= _PER_SERIES else 0):
            # With fewer than four sessions the repetition is drawn from the same ones.
            order = random.sample(own, _PER_SERIES)
            rest = [session for session in own if session not in order]
            again = random.sample(rest if len(rest) >= _PER_SERIES else own, _PER_SERIES)
            first, second = _drawn(random, (*order, *again))
            common = (
                first[0].keys()
                & second[0].keys()
                & {key for key in first[0] if key[0] == "sum" and (key[1] == _SUITE) == suites}
            )
            names |= {(suite, key[1]) for key in common}
            for factor in (ratio, 1.0):
                once = _confirmed(first, common, factor)
                twice = _confirmed(second, once, factor)
                if factor > 1:
                    found += len(twice)
                else:
                    alarms += len(twice)
            tries += len(common)
    return Sums(sums=len(names), tries=tries, found=found / max(1, tries), alarms=alarms / max(1, tries))


#: Of single runs, and the least of several loops.
Figures = tuple[Mapping[tuple[str, str], Sides], Mapping[tuple[str, str], Sides]]
Joined = dict[tuple[str, str], tuple[list[float], list[float]]]


def _drawn(random: Random, sessions: Sequence[Session]) -> tuple[Figures, Figures]:
    """Return the figures of two long series of pairs, each joined from two sessions."""
    planted = {key for session in sessions for key in session.planted}
    found: list[Figures] = []
    for pair in (sessions[:2], sessions[2:]):
        once: Joined = defaultdict(lambda: ([], []))
        least: Joined = defaultdict(lambda: ([], []))
        for session in pair:
            drawn = session.swapped([random.random() < 0.5 for _ in range(PAIRS)])
            for joined, sides in ((once, drawn.sides), (least, drawn.least)):
                for key, both in _figures(drawn, sides, planted).items():
                    joined[key][0].extend(both[0])
                    joined[key][1].extend(both[1])
        found.append((_whole(once), _whole(least)))
    return found[0], found[1]


def _whole(joined: Joined) -> Joined:
    return {key: both for key, both in joined.items() if len(both[0]) == 2 * PAIRS}


def _figures(session: Session, sides: Mapping[str, Sides], planted: set[str]) -> Joined:
    controls = set(session.controls)
    sums: Joined = defaultdict(lambda: ([0.0] * PAIRS, [0.0] * PAIRS))
    for key, both in sides.items():
        if key in planted:
            continue
        if key in controls:
            sums["control", key] = ([value or 0.0 for value in both[0]], [value or 0.0 for value in both[1]])
            continue
        for name in (key.partition("::")[0], _SUITE):
            for side, values in zip(sums["sum", name], both, strict=True):
                for at, value in enumerate(values):
                    side[at] += value or 0.0
    return {key: both for key, both in sums.items() if key[0] == "control" or middle(both[0]) >= _LEAST}


def _confirmed(figures: Figures, suspects: set[tuple[str, str]], ratio: float) -> set[tuple[str, str]]:
    alive, confirmed, pairs = set(suspects), set[tuple[str, str]](), 0
    once, least = figures
    controls = {key: both for key, both in once.items() if key[0] == "control"}
    steady = {key: both for key, both in least.items() if key[0] == "control"}
    while alive and (goal := next_look(pairs, TOTALS)) is not None:
        pairs = goal
        decisions = decide(
            {
                key: Suspect(
                    sides=slower(once[key], ratio, pairs), least=slower(least.get(key), ratio, pairs)
                )
                for key in alive
            },
            {key: slower(both, 1.0, pairs) for key, both in controls.items()},
            pairs,
            TOTALS,
            None,
            {key: slower(both, 1.0, pairs) for key, both in steady.items()} or None,
        )
        confirmed |= {key for key, decision in decisions.items() if decision.state == "confirmed"}
        alive = {key for key, decision in decisions.items() if decision.state == "go on"}
    return confirmed
