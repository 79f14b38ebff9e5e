"""What a cause consists of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from paceline.explain.evidence import Evidence
from paceline.explain.shares import Claim, Share
from paceline.explain.stretches import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Something that could be done.

    Attributes:
        text: what, as an order, with the reason.
        where: `file:line` or file where it would be done; None if unknown.
        saves: the shares that it would make smaller, and by how many seconds at most.
    """

    text: str
    where: str | None = None
    saves: tuple[tuple[Share, float], ...]


def _no_head(stretch: Stretch) -> Hashable | None:
    return None


def _no_claims(stretch: Stretch, left: float) -> Iterable[Claim]:
    return ()


def _no_advice(evidence: Evidence) -> Iterable[Advice]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A reason why something takes its time.

    Attributes:
        name: in JSON; not changed once published.
        rank: who is asked first; the smaller the earlier.
        words: says what some shares, in the run they are from, were spent on; without their seconds.
        heads: returns what a whole stretch is told under, or None; the same answers are told as one.
        claims: yields what it explains of a stretch of which `left` seconds aren't explained yet.
        advises: yields what could be done in the whole run.
        of_test: whether its place is the test itself.
        bundled: whether claims of this cause that differ in what or where are told as one thing with parts.
    """

    name: str
    rank: int
    words: Callable[[Sequence[Share], Evidence], str]
    heads: Callable[[Stretch], Hashable | None] = _no_head
    claims: Callable[[Stretch, float], Iterable[Claim]] = _no_claims
    advises: Callable[[Evidence], Iterable[Advice]] = _no_advice
    of_test: bool = False
    bundled: bool = False
