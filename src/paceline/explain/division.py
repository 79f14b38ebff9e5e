"""Divides every stretch among the causes, and works out everything that is known about a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from paceline.explain.cause import Cause
from paceline.explain.causes import causes
from paceline.explain.evidence import Evidence, setups_of
from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch, stretches
from paceline.explain.timeline import timeline
from paceline.model.run import Run


def examined(run: Run, lines: Mapping[tuple[str, str], int] | None = None) -> Evidence:
    """Return everything that is known about `run`.

    Args:
        lines: of functions, by file and name.
    """
    lanes = timeline(run)
    found = tuple(stretches(run, lanes))
    return Evidence(
        run=run,
        timeline=lanes,
        shares=tuple(divided(found, causes())),
        setups=setups_of(found),
        lines=lines or {},
    )


def divided(stretches: Iterable[Stretch], causes: Sequence[Cause]) -> Iterator[Share]:
    """Yield the shares of all `stretches`, those of each together.

    Args:
        causes: in the order in which they are asked; the last must claim whatever is left. One that claims
            more, because what it counts overlaps with what another counts, gets what is left.
    """
    for stretch in stretches:
        left = stretch.seconds
        for cause in causes:
            for claim in cause.claims(stretch, left):
                seconds = min(left, max(0.0, claim.seconds))
                left -= seconds
                yield Share(
                    stretch=stretch,
                    cause=cause.name,
                    seconds=seconds,
                    what=claim.what,
                    where=claim.where,
                    count=claim.count,
                )
