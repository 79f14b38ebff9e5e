"""A gate from beginning to end: both sides once, then what is suspicious again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from paceline.compare.places import placed
from paceline.config import Suite
from paceline.model.comparison import BUDGET, DRIFT, Comparison, Delta
from paceline.model.profile import MEASURED_STATUSES
from paceline.paired.causes import growth, is_sum, with_causes
from paceline.paired.request import GateRequest, Tally, Watcher, compared, sample
from paceline.paired.rounds import Rounds
from paceline.paired.sample import Sample, warm_up
from paceline.profile.runner import OutOfTimeError

_SIDES = 2
#: The suite runs once more on both sides if there is time for so many times as much.
_SHARE = 5
#: How many of the tests that grew most, by at least so many seconds, stand for a sum over tests.
_BEHIND, _LEAST_GROWTH = 5, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What a gate found in one suite.

    Attributes:
        processes: how many pytest processes it took.
        seconds: how long they took.
    """

    comparison: Comparison
    processes: int
    seconds: float


def gate(request: GateRequest, suite: Suite, watcher: Watcher) -> Gated:
    """Compare both sides of `suite`: once as a whole, then the suspicious tests in pairs.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    tally = Tally(deadline=request.deadline)
    watcher.said(f"{suite.name}: all of it on both sides")
    try:
        samples = _first(request, suite, tally)
    except OutOfTimeError:
        return _gated(
            undecided(request.labels, suite, "its first runs did not end within the time limit"), tally
        )
    problem = _problem(samples)
    if problem:
        return _gated(undecided(request.labels, suite, problem), tally)
    base, head = (
        tuple(one.run for one in samples if one.side is place and one.run is not None)
        for place in (request.base, request.head)
    )
    comparison = compared(request, suite, base, head)
    comparison = replace(comparison, deltas=tuple(map(_without_luck, comparison.deltas)))
    suspects = [delta for delta in comparison.deltas if _is_suspicious(delta)]
    suspects += _behind(suspects, comparison.deltas)
    session = Rounds(
        request=request,
        suite=suite,
        watcher=watcher,
        tally=tally,
        former=comparison.renamed,
        base=base[-1],
        head=head[-1],
        habits=request.habits(suite, head[-1].header.environment),
    )
    verdicts = with_causes(session.decide(suspects), session.wholes, comparison.renamed)
    deltas = tuple(verdicts.get(delta.key, delta) for delta in comparison.deltas)
    comparison = replace(
        comparison,
        deltas=deltas,
        machine_factor=session.factor if session.factor is not None else comparison.machine_factor,
        notes=(*comparison.notes, *session.notes),
    )
    return _gated(placed(comparison, head), tally)


def undecided(labels: tuple[str, str], suite: Suite, why: str) -> Comparison:
    """Return the comparison of a suite that could not be measured on both sides."""
    base, head = labels
    return Comparison(suite=suite.name, base=base, candidate=head, undecided=(why,), renamed={})


def _gated(comparison: Comparison, tally: Tally) -> Gated:
    return Gated(comparison=comparison, processes=tally.processes, seconds=round(tally.seconds, 1))


def _first(request: GateRequest, suite: Suite, tally: Tally) -> list[Sample]:
    """Run the whole suite on both sides, and once more in the other order if that costs little of the time.

    Two runs of each side halve the number of series that look slower by chance, and with it the pairs.

    Raises:
        OutOfTimeError: the deadline has passed before both sides were run.
    """
    for place in (request.base, request.head):
        warm_up(request.bench, place, request.other(place), suite)
    samples: list[Sample] = []
    for place in (request.base, request.head, request.head, request.base):
        if len(samples) == _SIDES and (_problem(samples) or not tally.allows(_SHARE * tally.seconds)):
            break
        stem = f"{suite.name}-first-{len(samples) + 1}-{place.name}"
        try:
            samples.append(sample(request, suite, place, stem, (), 1 + len(samples) // _SIDES, tally))
        except OutOfTimeError:
            if len(samples) < _SIDES:
                raise
            break
    # A third run alone would give one side more chances than the other.
    return samples[: len(samples) // _SIDES * _SIDES]


def _problem(samples: Sequence[Sample]) -> str | None:
    """Return why these runs say nothing about each other; None if they do."""
    for one in samples:
        if one.run is None or one.result.status not in MEASURED_STATUSES:
            why = one.result.reason or one.result.status.replace("_", " ")
            return f"the {one.side.name} could not be measured: {why}"
    borrowed = [module for one in samples for module in one.borrowed if one.side.name == "base"]
    if borrowed:
        shown = ", ".join(borrowed[:3])
        return (
            f"the base ran code of the head ({shown}): its packages are installed in place; give it an "
            "environment of its own with tool.paceline.gate.setup"
        )
    return None


def _behind(suspects: Sequence[Delta], deltas: Sequence[Delta]) -> list[Delta]:
    """Return the tests that grew most where a sum over all tests is suspicious.

    What slows down most of the tests looks like a slower machine, so that none of them stands out by itself.
    """
    if not any(is_sum(delta.key) for delta in suspects):
        return []
    known = {delta.key for delta in suspects}
    timed = [
        delta
        for delta in deltas
        if delta.evidence == "timed" and delta.verdict == "unchanged" and delta.key.phase is not None
    ]
    timed = [delta for delta in timed if delta.key not in known and growth(delta) >= _LEAST_GROWTH]
    return sorted(timed, key=growth, reverse=True)[:_BEHIND]


def _without_luck(delta: Delta) -> Delta:
    """Call what looked faster unchanged: the gate asks what got slower, and confirms nothing else."""
    if delta.verdict == "inconclusive" and delta.evidence == "counted":
        return replace(delta, verdict="unchanged")
    if delta.verdict == "inconclusive" and delta.ratio is not None and delta.ratio < 1:
        return replace(delta, verdict="unchanged", reason="looked faster; that was not pursued")
    return delta


def _is_suspicious(delta: Delta) -> bool:
    """Tell whether pairs can say more about a series: it looks slower, or counts more."""
    if delta.key.metric == DRIFT:
        return False  # what it is held against isn't in the base
    if delta.key.metric == BUDGET:
        return delta.key.subject == "test" and delta.verdict == "inconclusive"
    if delta.evidence == "counted":
        return delta.verdict == "regressed"
    return delta.verdict == "inconclusive" and delta.ratio is not None and delta.ratio > 1
