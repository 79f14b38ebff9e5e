"""A pull request in a made-up suite, judged as a real one would be, to count false alarms and power. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from random import Random

from paceline.compare.confirm import LOOPED_SECONDS, Suspect, decide
from paceline.stats.controls import chosen_controls
from paceline.stats.noise import fit, scored, shrunk, widened
from paceline.stats.nomination import WORTH_PAIRS, Nomination
from paceline.stats.sequential import AGAIN, LOOKS, Look, next_look
from paceline.stats.simulation import Machine

#: Seconds of each test in each loop of a process.
Loops = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What became of the tests of a pull request, by their numbers.

    Attributes:
        nominated: by one run of the head against earlier jobs.
        confirmed: of these, by the first pairs.
        convicted: of these, by the independent repetition: what fails the build.
        pairs: how many pairs of runs of one test were measured.
    """

    nominated: frozenset[int]
    confirmed: frozenset[int]
    convicted: frozenset[int]
    pairs: int


def nominated_in(
    machine: Machine, random: Random, slower: Mapping[int, float], nomination: Nomination = WORTH_PAIRS
) -> frozenset[int]:
    """Return what the gate looks into: after two runs of each side in one job, without any history."""
    job = machine.job(random)
    base, head = ([machine.run(random, job, changed) for _ in range(2)] for changed in (None, slower))
    centres = {at: log(min(times)) for at, times in enumerate(zip(*base, strict=True))}
    noises = shrunk(centres, {}, dict.fromkeys(centres, 2))
    seen = {at: min(times) for at, times in enumerate(zip(*head, strict=True))}
    scores = widened(scored(noises, seen), noises).scores
    return frozenset(at for at, score in scores.items() if nomination.direction(score, exp(centres[at])) > 0)


def simulated_request(
    machine: Machine,
    random: Random,
    slower: Mapping[int, float],
    history: int = 0,
    nomination: Nomination = WORTH_PAIRS,
    loops: int = 1,
) -> Request:
    """Return the outcome of a pull request that makes some tests slower.

    Args:
        slower: number of a test to the ratio of its new time to the old one.
        history: runs of the base in as many earlier jobs; 0 nominates as the gate does, from two runs of
            each side.
        loops: how often each process of a pair runs the tests.
    """
    if history:
        nominated = _by_history(machine, random, slower, history, nomination)
    else:
        nominated = nominated_in(machine, random, slower, nomination)
    confirmed, first = confirmed_in(machine, random, slower, nominated, LOOKS, loops)
    convicted, second = confirmed_in(machine, random, slower, confirmed, AGAIN, loops)
    return Request(nominated=nominated, confirmed=confirmed, convicted=convicted, pairs=first + second)


def _by_history(
    machine: Machine, random: Random, slower: Mapping[int, float], history: int, nomination: Nomination
) -> frozenset[int]:
    runs = [machine.run(random, machine.job(random)) for _ in range(history)]
    noises = fit({at: [run[at] for run in runs] for at in range(len(machine.seconds))})
    head = dict(enumerate(machine.run(random, machine.job(random), slower)))
    scores = widened(scored(noises, head), noises).scores
    return frozenset(
        at for at, score in scores.items() if nomination.direction(score, exp(noises[at].centre)) > 0
    )


def confirmed_in(
    machine: Machine,
    random: Random,
    slower: Mapping[int, float],
    suspects: Collection[int],
    looks: tuple[Look, ...],
    loops: int = 1,
) -> tuple[frozenset[int], int]:
    """Return which suspects one job of interleaved pairs confirms, and how many pairs of a test it took.

    Args:
        loops: how often each process runs what takes less than `LOOPED_SECONDS`.
    """
    controls = chosen_controls(dict(enumerate(machine.seconds)), sorted(suspects))
    run = sorted({*suspects, *controls})  # as in a gate, nothing else runs in the pairs
    place = {at: number for number, at in enumerate(run)}
    small = Machine(
        seconds=tuple(machine.seconds[at] for at in run),
        sigmas=tuple(machine.sigmas[at] for at in run),
        shape=machine.shape,
    )
    changed = {place[at]: ratio for at, ratio in slower.items() if at in place}
    job = small.job(random)
    pairs: list[tuple[Loops, Loops]] = []
    alive, confirmed, spent = {*suspects}, set[int](), 0
    while alive and (goal := next_look(len(pairs), looks)) is not None:
        while len(pairs) < goal:
            pairs.append((small.loops(random, job, loops), small.loops(random, job, loops, changed)))
            spent += len(alive)
        decisions = decide(
            {at: _suspect(pairs, place[at], small.seconds[place[at]]) for at in alive},
            {at: _sides(pairs, place[at], _first) for at in controls},
            len(pairs),
            looks,
            None,
            {
                at: _sides(pairs, place[at], min)
                for at in (controls if loops > 1 else ())
                if small.seconds[place[at]] <= LOOPED_SECONDS
            },
        )
        confirmed |= {at for at, decision in decisions.items() if decision.state == "confirmed"}
        alive = {at for at, decision in decisions.items() if decision.state == "go on"}
    return frozenset(confirmed), spent


def _suspect(pairs: Sequence[tuple[Loops, Loops]], at: int, seconds: float) -> Suspect:
    found = Suspect(sides=_sides(pairs, at, _first))
    if len(pairs[0][0]) == 1 or seconds > LOOPED_SECONDS:
        return found
    return replace(found, least=_sides(pairs, at, min), second=[head[1][at] for _, head in pairs])


def _sides(
    pairs: Sequence[tuple[Loops, Loops]], at: int, figure: Callable[[Sequence[float]], float]
) -> tuple[list[float], list[float]]:
    base, head = ([figure([loop[at] for loop in pair[side]]) for pair in pairs] for side in (0, 1))
    return base, head


def _first(seconds: Sequence[float]) -> float:
    return seconds[0]
