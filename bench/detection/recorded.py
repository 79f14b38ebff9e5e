"""The whole way from two runs of each side to two confirmations, replayed on recorded sessions.

A test is nominated in one session, confirmed in a second one and again in a third. Which run of a pair is the
base is drawn: for unchanged code both are as likely, so that one session gives many tries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import exp, log
from random import Random
from statistics import fmean
from typing import overload

from noise import Session, usual_seconds

from paceline.compare.confirm import Suspect, decide
from paceline.compare.rules import WORTH_A_LOOK
from paceline.stats.noise import scored, shrunk, widened
from paceline.stats.paired import Sides
from paceline.stats.sequential import AGAIN, LOOKS, Look, next_look

#: Runs of each side from which the gate nominates.
_FIRST = 2
Chances = dict[tuple[str, str], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How often tests pass each step, and all of them.

    Attributes:
        tests: how many.
        sessions: how many sessions a test has at most; with two of them, the first two steps are tried in the
            same one, each with its own draw of base and head, and the repetition in the other.
        nominated: share, as for the others.
        confirmed: by one series of pairs, if it were a suspect.
        repeated: by the milder repetition, of those that the first confirmed, in other sessions.
        convicted: nominated and confirmed twice.
    """

    tests: int
    sessions: int
    nominated: float
    confirmed: float
    repeated: float
    convicted: float


def nominations(session: Session, ratio: float, wanted: Callable[[str], bool]) -> dict[str, bool]:
    """Return which tests the gate would look into, if one at a time took `ratio` times as long."""
    base = {key: list(both[0][:_FIRST]) for key, both in session.sides.items()}
    head = {key: min(both[1][:_FIRST]) for key, both in session.sides.items()}
    centres = {key: log(min(values)) for key, values in base.items()}
    noises = shrunk(centres, {}, dict.fromkeys(centres, _FIRST))
    result = widened(scored(noises, head), noises)
    found: dict[str, bool] = {}
    for key, score in result.scores.items():
        if wanted(key):
            shifted = type(score)(
                ratio=score.ratio * ratio, z=score.z + log(ratio) / score.error, error=score.error
            )
            found[key] = WORTH_A_LOOK.test.direction(shifted, exp(centres[key])) > 0
    return found


def confirmations(
    session: Session, ratio: float, looks: tuple[Look, ...], wanted: Callable[[str], bool]
) -> dict[str, bool]:
    """Return which tests a series of pairs would confirm, if one at a time took `ratio` times as long."""
    controls = {key: session.sides[key] for key in session.controls}
    alive = {key for key in session.sides if wanted(key) and key not in controls}
    found = dict.fromkeys(alive, False)
    pairs = 0
    while alive and (goal := next_look(pairs, looks)) is not None and goal <= session.pairs:
        pairs = goal
        suspects = {
            key: Suspect(
                sides=slower(session.sides[key], ratio, pairs),
                collections=session.collections.get(key, ())[:pairs],
                least=slower(session.least.get(key), ratio, pairs),
                second=[value * ratio for value in session.second.get(key, ((), ()))[1][:pairs]],
            )
            for key in alive
        }
        limited = {key: (base[:pairs], head[:pairs]) for key, (base, head) in controls.items()}
        least = {
            key: (base[:pairs], head[:pairs])
            for key, (base, head) in session.least.items()
            if key in controls
        }
        decisions = decide(suspects, limited, pairs, looks, least_controls=least or None)
        for key, decision in decisions.items():
            found[key] = decision.state == "confirmed"
        alive = {key for key, decision in decisions.items() if decision.state == "go on"}
    return found


@overload
def slower(both: Sides, ratio: float, pairs: int) -> Sides: ...


@overload
def slower(both: Sides | None, ratio: float, pairs: int) -> Sides | None: ...


def slower(both: Sides | None, ratio: float, pairs: int) -> Sides | None:
    """Return the first so many pairs, as if the head took `ratio` times as long."""
    if both is None:
        return None
    return both[0][:pairs], [value and value * ratio for value in both[1][:pairs]]


def way(
    sessions: Sequence[Session], ratio: float, draws: int, seed: int, least: float = 0.0
) -> tuple[Way, Chances]:
    """Return how often tests of at least `least` seconds get how far.

    Args:
        ratio: 1.0 for unchanged code.
        draws: how often base and head are drawn in each session.
    """
    random = Random(seed)
    steps: dict[str, dict[tuple[str, str], dict[str, list[bool]]]] = {
        step: defaultdict(lambda: defaultdict(list)) for step in ("nominated", "confirmed", "repeated")
    }
    for session in sessions:
        lengths = {key: usual_seconds(session, key) for key in session.sides}

        def wanted(key: str, lengths: Mapping[str, float] = lengths, session: Session = session) -> bool:
            return lengths[key] >= least and key not in session.planted

        for _ in range(draws):
            drawn = session.swapped([random.random() < 0.5 for _ in range(session.pairs)])
            for step, outcome in (
                ("nominated", nominations(drawn, ratio, wanted)),
                ("confirmed", confirmations(drawn, ratio, LOOKS, wanted)),
                ("repeated", confirmations(drawn, ratio, AGAIN, wanted)),
            ):
                for key, passed in outcome.items():
                    steps[step][session.suite, key][session.recording].append(passed)
    return _summed(steps)


def _summed(
    steps: Mapping[str, Mapping[tuple[str, str], Mapping[str, list[bool]]]],
) -> tuple[Way, Chances]:
    chances: Chances = {}
    both: list[float] = []
    for key, confirmed in steps["confirmed"].items():
        by_step = [
            {recording: fmean(passed) for recording, passed in steps[step][key].items()}
            for step in ("nominated", "confirmed", "repeated")
        ]
        common = sorted(set(by_step[0]) & set(confirmed))
        triples = list(permutations(common, 3)) or [(a, a, b) for a, b in permutations(common, 2)]
        if not triples:
            continue
        chances[key] = [
            fmean(by_step[0].values()),
            fmean(by_step[1].values()),
            fmean(by_step[0][a] * by_step[1][b] * by_step[2][c] for a, b, c in triples),
        ]
        both.append(fmean(by_step[1][b] * by_step[2][c] for _, b, c in triples))
    if not chances:
        raise ValueError("it takes two sessions of the same suite")
    nominated, confirmed_once, convicted = (fmean(each[at] for each in chances.values()) for at in range(3))
    return Way(
        tests=len(chances),
        sessions=max(len(found) for found in steps["confirmed"].values()),
        nominated=nominated,
        confirmed=confirmed_once,
        repeated=fmean(both) / confirmed_once if confirmed_once else 0.0,
        convicted=convicted,
    ), chances


def planted_power(sessions: Iterable[Session]) -> dict[float, tuple[int, int, int, int]]:
    """Return, by share of really planted work, how many tests there were and how many each step found.

    Within one session: nomination by its first two pairs, then each kind of confirmation by all of them.
    """
    found: dict[float, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for session in sessions:
        planted = session.planted

        def wanted(key: str, planted: Mapping[str, float] = planted) -> bool:
            return key in planted

        nominated = nominations(session, 1.0, wanted)
        first = confirmations(session, 1.0, LOOKS, wanted)
        again = confirmations(session, 1.0, AGAIN, wanted)
        for key in first:
            counts = found[planted[key]]
            for at, passed in enumerate((True, nominated.get(key, False), first[key], again[key])):
                counts[at] += passed
    return {share: (a, b, c, d) for share, (a, b, c, d) in sorted(found.items())}
