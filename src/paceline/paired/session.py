"""A gate from beginning to end: both sides once, then what is suspicious again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paceline.config import Suite
from paceline.model.comparison import Comparison, Delta
from paceline.model.profile import MEASURED_STATUSES
from paceline.paired.request import GateRequest, Tally, Watcher, compared, sample
from paceline.paired.rounds import Rounds
from paceline.paired.sample import Sample


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
    watcher.said(f"{suite.name}: all of it once on each side")
    first: dict[str, Sample] = {}
    for place in (request.base, request.head):
        first[place.name] = sample(request, suite, place, f"{suite.name}-first-{place.name}", (), 1, tally)
    problem = _problem(first["base"], first["head"])
    if problem:
        return _inconclusive(request, suite, problem, tally)
    base, head = first["base"].run, first["head"].run
    assert base is not None
    assert head is not None
    comparison = compared(request, suite, (base,), (head,))
    suspects = [delta for delta in comparison.deltas if _is_suspicious(delta)]
    if not suspects:
        return Gated(comparison=comparison, processes=tally.processes, seconds=round(tally.seconds, 1))
    session = Rounds(
        request=request,
        suite=suite,
        watcher=watcher,
        tally=tally,
        former=comparison.renamed,
        base=base,
        head=head,
    )
    verdicts = session.decide(suspects)
    deltas = tuple(verdicts.get(id(delta), delta) for delta in comparison.deltas)
    comparison = replace(
        comparison,
        deltas=deltas,
        machine_factor=session.factor if session.factor is not None else comparison.machine_factor,
        notes=(*comparison.notes, *session.notes),
    )
    return Gated(comparison=comparison, processes=tally.processes, seconds=round(tally.seconds, 1))


def _problem(base: Sample, head: Sample) -> str | None:
    """Return why the two first runs say nothing about each other; None if they do."""
    for one in (head, base):
        if one.run is None or one.result.status not in MEASURED_STATUSES:
            why = one.result.reason or one.result.status.replace("_", " ")
            return f"the {one.side.name} could not be measured: {why}"
    if base.borrowed:
        shown = ", ".join(base.borrowed[:3])
        return (
            f"the base ran code of the head ({shown}): its packages are installed in place; give it an "
            "environment of its own with tool.paceline.gate.setup"
        )
    return None


def _inconclusive(request: GateRequest, suite: Suite, why: str, tally: Tally) -> Gated:
    base, head = request.labels
    comparison = Comparison(suite=suite.name, base=base, candidate=head, selections=(why,), renamed={})
    return Gated(comparison=comparison, processes=tally.processes, seconds=round(tally.seconds, 1))


def _is_suspicious(delta: Delta) -> bool:
    """Tell whether pairs can say more about a series: it looks slower, or counts more."""
    if delta.key.metric == "budget":
        return False
    if delta.evidence == "counted":
        return delta.verdict == "regressed"
    return delta.verdict == "inconclusive" and delta.ratio is not None and delta.ratio > 1
