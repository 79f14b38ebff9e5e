"""What a stretch of time is divided into."""

from __future__ import annotations

from dataclasses import dataclass

from paceline.explain.stretches import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Some seconds of a stretch that a cause explains.

    Attributes:
        what: claims of the same cause with the same `what` and `where` are told as one.
        where: `file:line` of the project, or a file; None if unknown.
        count: how often it happened.
    """

    seconds: float
    what: str = ""
    where: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """What a cause got of a stretch; the shares of a stretch add up to its seconds."""

    stretch: Stretch
    cause: str
    seconds: float
    what: str = ""
    where: str | None = None
    count: int = 1
