"""Whether pairs of runs confirm a suspicion, and what the verdict is after two confirmations. Pure.

What measures the pairs calls `decide` after each look, measures on what is to "go on", and repeats the whole
with fresh processes for what was confirmed. `concluded` makes a verdict of the two decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, hypot, sqrt
from typing import Literal, TypeVar

from paceline.model.comparison import Delta
from paceline.stats.controls import Yardstick, usual_pair_spread, yardstick
from paceline.stats.noise import usual_spread
from paceline.stats.paired import PairedScore, Sides, detectable, paired_score
from paceline.stats.robust import middle
from paceline.stats.sequential import LOOKS, OBVIOUS, OBVIOUS_OF_LEAST, Look, of_least, step
from paceline.stats.speed import steadier, without_drift

K = TypeVar("K", bound=Hashable)
#: Standard deviation of the log speed of the machine from process to process, as measured; see the docs.
_MOODS = 0.06
#: Share of the pairs that has to count at the last look.
_ENOUGH = 0.75
#: What takes longer runs once: it spans many disturbances, so that each run has its share of them.
LOOPED_SECONDS = 0.5
#: Share of the heads in which a first run is a slower one for a reason.
_MOSTLY = 0.9
State = Literal["go on", "dropped", "confirmed", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """What was measured of a suspicious series.

    Attributes:
        sides: seconds of base and head, one for each pair.
        collections: full garbage collections in base and head, one for each pair; empty if not recorded.
        failed: on which side its test failed, in words; None if it passed everywhere.
        least: the least seconds of several loops, likewise; None if it wasn't repeated.
        second: seconds of the heads' second loops; empty if what happens once only is judged elsewhere.
    """

    sides: Sides
    collections: Sequence[tuple[float, float]] = ()
    failed: str | None = None
    least: Sides | None = None
    second: Sequence[float | None] = ()

    @property
    def is_slower_at_first(self) -> bool:
        """Whether it takes longer in the first loop of most heads, as chance would hardly have it."""
        firsts = zip(self.sides[1], self.second, strict=False)
        slower = sum(first is not None and then is not None and first > then for first, then in firsts)
        return slower > 0 and slower >= _MOSTLY * len(self.sides[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the pairs measured so far say of a series.

    Attributes:
        reason: why it is inconclusive; None for every other state.
        score: None if no pair is whole.
        before: median seconds of the base; None if unknown.
        after: median seconds of the head.
    """

    state: State
    reason: str | None = None
    score: PairedScore | None = None
    before: float | None = None
    after: float | None = None


def decide(
    suspects: Mapping[K, Suspect],
    controls: Mapping[K, Sides],
    pairs: int,
    looks: tuple[Look, ...] = LOOKS,
    known: Callable[[float], float | None] | None = None,
    least_controls: Mapping[K, Sides] | None = None,
) -> dict[K, Decision]:
    """Return what to do with each suspect after `pairs` pairs.

    With too few controls to tell the speed of the machine, the figures are judged as they are. What was
    repeated is judged by its least times. What only happens the first time isn't in these, so that a test
    whose first run is a slower one is judged by both.

    Args:
        controls: seconds of tests that nothing was changed for.
        looks: `AGAIN` in the independent repetition, `TOTALS` for sums.
        known: returns the standard deviation of a pair's log ratio that series of so many seconds were found
            to have; None for what nobody has looked into.
        least_controls: the least seconds of the same tests in several loops; None if nothing was repeated.
    """
    measured = yardstick(controls, pairs)
    usual = known
    if measured is None:
        usual = known or _usual_without_controls
        # The sides take turns, so that its moods are noise of both, and there is more of it.
        measured = Yardstick(speeds=((0.0, 0.0),) * pairs, sigma=None, drift=0.0)
    else:
        measured = replace(measured, speeds=without_drift(measured.speeds))
    steady = yardstick(least_controls, pairs) if least_controls else None
    if steady is not None:
        steady = replace(steady, speeds=without_drift(steady.speeds))
    found: dict[K, Decision] = {}
    for key, suspect in suspects.items():
        if steady is not None and suspect.least is not None:
            least = replace(suspect, sides=suspect.least, collections=())
            found[key] = _decided(least, steady, pairs, looks, None, least=True)
            if found[key].state in ("confirmed", "go on") or not suspect.is_slower_at_first:
                continue
        found[key] = _decided(suspect, measured, pairs, looks, usual, least=False)
    return found


def _usual_without_controls(seconds: float) -> float:
    return sqrt(2) * hypot(usual_spread(seconds), _MOODS)


def _decided(
    suspect: Suspect,
    measured: Yardstick,
    pairs: int,
    looks: tuple[Look, ...],
    known: Callable[[float], float | None] | None,
    *,
    least: bool,
) -> Decision:
    base, head = ([value for value in side if value is not None and value > 0] for side in suspect.sides)
    seen = Decision(
        state="inconclusive", before=middle(base) if base else None, after=middle(head) if head else None
    )
    if suspect.failed is not None:
        return replace(seen, reason=f"its test failed {suspect.failed}")
    logs = steadier(suspect.sides, measured.speeds)
    if not logs and pairs < looks[-1].pairs:
        return replace(seen, state="go on")  # the next pairs may be spared what spoilt these
    if not logs:
        return replace(seen, reason="no pair has a time on both sides at a comparable machine speed")
    typical = exp(middle([before for before, _ in logs]))
    usual = known(typical) if known is not None else None
    if usual is None:
        usual = usual_pair_spread(measured, typical, least=least)
    score = paired_score(logs, usual)
    obvious = OBVIOUS
    if least:
        obvious, looks = OBVIOUS_OF_LEAST, of_least(looks)
    state = step(score, looks, obvious)
    last = looks[-1]
    if state == "go on" and pairs >= last.pairs and len(logs) >= _ENOUGH * last.pairs:
        # The score knows how few there are.
        state = step(score, (replace(last, pairs=len(logs)),), obvious)
    seen = replace(seen, state=state, score=score)
    if state == "confirmed" and _moved(suspect.collections):
        return replace(seen, state="inconclusive", reason="garbage collection moved to it or away from it")
    if state == "go on" and pairs >= looks[-1].pairs:
        lost = pairs - len(logs)
        reason = f"{lost} of {pairs} pairs don't count: the machine's speed changed within them"
        return replace(seen, state="inconclusive", reason=reason)
    return seen


def _moved(collections: Sequence[tuple[float, float]]) -> bool:
    """Tell whether most pairs differ in their number of full collections."""
    return 2 * sum(before != after for before, after in collections) > len(collections)


def concluded(delta: Delta, first: Decision, second: Decision | None, unfinished: str | None = None) -> Delta:
    """Return `delta` with the verdict of a confirmation and its independent repetition.

    Args:
        second: None if there was no need or no time for it.
        unfinished: why measuring stopped early; None if it did not.
    """
    last = second or first
    judged = _with_figures(delta, last)
    if first.state == "dropped":
        return replace(judged, verdict="unchanged", reason="not seen again in pairs")
    states = (first.state, second.state if second is not None else None)
    if states == ("confirmed", "confirmed"):
        seen = sum(item.score.pairs for item in (first, last) if item.score is not None)
        return replace(judged, verdict="regressed", reason=f"confirmed twice, in {seen} pairs")
    if states == ("confirmed", "dropped"):
        reason = "confirmed once and not again: something else than the code made the difference"
    else:
        reason = last.reason or unfinished or "measured too little"
    return replace(judged, verdict="inconclusive", reason=reason)


def _with_figures(delta: Delta, decision: Decision) -> Delta:
    score = decision.score
    if score is None:
        return delta
    final = LOOKS[-1]
    return replace(
        delta,
        before=decision.before,
        after=decision.after,
        ratio=score.median,
        interval=score.interval,
        z=score.z,
        detectable=detectable(score.sigma, score.pairs, final.z, final.change),
        runs=(score.pairs, score.pairs),
    )
