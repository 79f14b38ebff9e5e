"""What to do first: every cause's advice, ordered so that no second is saved twice."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace

from paceline.explain.cause import Advice
from paceline.explain.causes import causes
from paceline.explain.evidence import Evidence
from paceline.explain.shares import Share
from paceline.model.account import Suggestion

#: Seconds below which nobody should be bothered.
_LEAST = 0.001


def suggestions(evidence: Evidence, within: Sequence[Share]) -> tuple[Suggestion, ...]:
    """Return what would make `within` shorter, what saves most first."""
    left = {share: share.seconds for share in within}
    given = [(cause.name, advice) for cause in causes() for advice in cause.advises(evidence)]
    # What one saves only ever shrinks by what others save, so the best by an old figure that is still
    # the best by its new one is the best of all.
    heap = [(-_saved(advice, left), at) for at, (_, advice) in enumerate(given)]
    heapify(heap)
    found: list[Suggestion] = []
    while heap and -heap[0][0] >= _LEAST:
        before, at = heap[0]
        cause, advice = given[at]
        seconds = _saved(advice, left)
        if seconds < -before:
            heapreplace(heap, (-seconds, at))
            continue
        heappop(heap)
        for share, saved in advice.saves:
            if share in left:
                left[share] = max(0.0, left[share] - saved)
        found.append(Suggestion(cause=cause, seconds=seconds, text=advice.text, where=advice.where))
    return tuple(found)


def _saved(advice: Advice, left: dict[Share, float]) -> float:
    return sum(min(saved, left[share]) for share, saved in advice.saves if share in left)
