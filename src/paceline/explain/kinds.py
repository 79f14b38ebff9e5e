"""Sorts the seconds of a run into a few kinds that add up to the whole: pure."""

from __future__ import annotations

from collections.abc import Iterable

from paceline.explain.shares import Share
from paceline.explain.stretches import Stretch
from paceline.model.times import TIME_NAMES, TimeKind

_DATABASE = ("statements", "repeated_statements", "transactions", "connections")
_WAITING = ("waiting", "sleeps", "http_requests", "host_names", "subprocesses", "machine", "idle_workers")


def times(shares: Iterable[Share]) -> tuple[tuple[TimeKind, float], ...]:
    """Return the seconds of each kind; together they are those of all `shares`."""
    found: dict[TimeKind, float] = dict.fromkeys(TIME_NAMES, 0.0)
    for share in shares:
        found[kind_of(share)] += share.seconds
    return tuple(found.items())


def kind_of(share: Share) -> TimeKind:
    """Return what a share is counted as: what was waited for, or else where it happened."""
    if share.cause == "isolation":
        return "isolation"
    if share.stretch.kind == "idle" or share.cause in _WAITING:
        return "waiting"
    return "database" if share.cause in _DATABASE else _place(share.stretch)


def _place(stretch: Stretch) -> TimeKind:
    match stretch.kind:
        case "fixture" | "shared":
            return "fixtures"
        case "part":
            is_module = stretch.part is not None and stretch.part.part == "module"
            in_module = stretch.importer is not None and stretch.importer.part == "module"
            return "collection" if is_module or in_module else "startup"
        case "span":
            return _SPANS.get(stretch.name, "other")
        case "body":
            return stretch.phase or "call"
        case _:
            return "other"


_SPANS: dict[str, TimeKind] = {"startup": "startup", "configure": "startup", "collection": "collection"}
