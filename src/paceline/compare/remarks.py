"""Sentences on a comparison that belong to no single series: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.compare.rules import GC_COUNT
from paceline.compare.start import more_modules
from paceline.model.comparison import Side
from paceline.model.profile import TestSeries
from paceline.model.run import PHASES, Outcome, PhaseName

_FAILED: frozenset[Outcome] = frozenset({"failed", "error", "crashed"})
_MOST_NAMES = 3

Pairs = Sequence[tuple[TestSeries, TestSeries]]


def remarks(base: Side, candidate: Side, metric: str | None, pairs: Pairs) -> Iterator[str]:
    """Yield what the reader should know before believing the figures of both sides.

    Args:
        metric: the time that tests were judged on; None if there was none.
        pairs: the tests that both sides ran.
    """
    yield from base.notes
    yield from candidate.notes
    revision = base.profile.revision
    if revision is not None and revision.dirty:
        yield f"the base was measured with uncommitted changes on top of {revision.commit[:10]}"
    for word, names in (
        ("failed in the base only", [new.nodeid for old, new in pairs if _fails(old) and not _fails(new)]),
        ("fail in the candidate only", [new.nodeid for old, new in pairs if _fails(new) and not _fails(old)]),
    ):
        if names:
            shown = ", ".join(names[:_MOST_NAMES])
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            yield f"tests that {word}, so that their figures say little: {shown}{more}"
    if metric == "duration":
        yield (
            "judged on wall time, because at least one side has no clean time: waiting for the processor and "
            "garbage collection are in it"
        )
    moved = sum(
        phase in old.phases and phase in new.phases and _collections(old, phase) != _collections(new, phase)
        for old, new in pairs
        for phase in PHASES
    )
    if moved:
        yield f"full garbage collections moved in {moved} phases of tests; that is no slowdown of these tests"
    yield from more_modules(base.runs, candidate.runs)


def _fails(test: TestSeries) -> bool:
    return test.outcome in _FAILED


def _collections(test: TestSeries, phase: PhaseName) -> float:
    summary = test.phases[phase].get(GC_COUNT)
    return summary.median if summary is not None else 0.0
