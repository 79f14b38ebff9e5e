"""A pull request in a made-up suite, judged as a real one would be, to count false alarms and power. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from random import Random

from paceline.compare.confirm import Suspect, decide
from paceline.stats.controls import chosen_controls
from paceline.stats.noise import fit, scored, widened
from paceline.stats.nomination import WORTH_PAIRS, Nomination
from paceline.stats.sequential import AGAIN, LOOKS, Look, next_look
from paceline.stats.simulation import Machine


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


def simulated_request(
    machine: Machine,
    random: Random,
    slower: Mapping[int, float],
    history: int = 20,
    nomination: Nomination = WORTH_PAIRS,
) -> Request:
    """Return the outcome of a pull request that makes some tests slower.

    Args:
        slower: number of a test to the ratio of its new time to the old one.
        history: runs of the base in as many earlier jobs.
    """
    runs = [machine.run(random, machine.job(random)) for _ in range(history)]
    noises = fit({at: [run[at] for run in runs] for at in range(len(machine.seconds))})
    head = dict(enumerate(machine.run(random, machine.job(random), slower)))
    scores = widened(scored(noises, head), noises).scores
    nominated = [
        at for at, score in scores.items() if nomination.direction(score, exp(noises[at].centre)) > 0
    ]
    confirmed, first = confirmed_in(machine, random, slower, nominated, LOOKS)
    convicted, second = confirmed_in(machine, random, slower, confirmed, AGAIN)
    return Request(
        nominated=frozenset(nominated), confirmed=confirmed, convicted=convicted, pairs=first + second
    )


def confirmed_in(
    machine: Machine,
    random: Random,
    slower: Mapping[int, float],
    suspects: Collection[int],
    looks: tuple[Look, ...],
) -> tuple[frozenset[int], int]:
    """Return which suspects one job of interleaved pairs confirms, and how many pairs of a test it took."""
    controls = chosen_controls(dict(enumerate(machine.seconds)), sorted(suspects))
    job = machine.job(random)
    pairs: list[tuple[Sequence[float], Sequence[float]]] = []
    alive, confirmed, spent = {*suspects}, set[int](), 0
    while alive and (goal := next_look(len(pairs), looks)) is not None:
        while len(pairs) < goal:
            pairs.append((machine.run(random, job), machine.run(random, job, slower)))
            spent += len(alive)
        decisions = decide(
            {at: Suspect(sides=_sides(pairs, at)) for at in alive},
            {at: _sides(pairs, at) for at in controls},
            len(pairs),
            looks,
        )
        confirmed |= {at for at, decision in decisions.items() if decision.state == "confirmed"}
        alive = {at for at, decision in decisions.items() if decision.state == "go on"}
    return frozenset(confirmed), spent


def _sides(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]], at: int
) -> tuple[list[float], list[float]]:
    return [base[at] for base, _ in pairs], [head[at] for _, head in pairs]
