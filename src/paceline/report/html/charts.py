"""Geometry of the pictures that the page draws without a script: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from paceline.model.page import LaneView, Mark, SuiteView
from paceline.model.times import TIME_NAMES

#: Width of every picture in its own units.
WIDTH = 1000
#: Marks narrower than this can't be hit.
_NARROWEST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a bar, in units of its picture."""

    kind: str
    name: str
    seconds: float
    x: float
    width: float


def bar(suite: SuiteView) -> tuple[Piece, ...]:
    """Return the kinds of time side by side, which fill the whole width."""
    whole = sum(seconds for _, seconds in suite.times)
    pieces: list[Piece] = []
    x = 0.0
    for kind, seconds in suite.times:
        width = WIDTH * seconds / whole if whole else 0.0
        name = TIME_NAMES[kind].capitalize()
        pieces.append(Piece(kind=kind, name=name, seconds=seconds, x=round(x, 2), width=round(width, 2)))
        x += width
    return tuple(pieces)


def legend(suite: SuiteView) -> tuple[Piece, ...]:
    """Return the pieces that took any time."""
    return tuple(piece for piece in bar(suite) if piece.seconds > 0)


def lane_paths(lane: LaneView, height: int) -> dict[str, str]:
    """Return one SVG path each for the tests and the shared fixtures of a lane."""
    slots = len(lane.strip)
    paths: dict[str, list[str]] = {"#": [], "=": []}
    at = 0
    for sign, group in groupby(lane.strip):
        length = len(tuple(group))
        if sign in paths:
            x, width = WIDTH * at / slots, WIDTH * length / slots
            paths[sign].append(f"M{x:.1f} 0h{width:.1f}v{height}h-{width:.1f}z")
        at += length
    return {"test": "".join(paths["#"]), "shared": "".join(paths["="])}


def marks(lane: LaneView, span: float) -> Sequence[tuple[Mark, float, float]]:
    """Return the marks that are wide enough to be pointed at, each with its place and width."""
    placed = [
        (mark, WIDTH * mark.start / span, WIDTH * mark.duration / span) for mark in lane.longest if span
    ]
    return [(mark, round(x, 1), round(width, 1)) for mark, x, width in placed if width >= _NARROWEST]
