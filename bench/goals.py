"""What was to be reached, and what was measured of it: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from configurations import CONFIGURATIONS, DEFAULT, EMPTY, IDLE, NOISE, PHASES

Document = Mapping[str, Any]
_DASH = "\N{EN DASH}"
_TIMES = 5
_RIVALS = ("pytest-perf-report", "flakytest", "pytest-timing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure to reach.

    Attributes:
        reached: None where it wasn't measured.
    """

    what: str
    to_reach: str
    measured: str
    reached: bool | None


#: Of what is kept: in words, in the JSON file, how it's written, and to reach (bytes).
_KEPT = (
    ("memory kept per test in the process that writes", "memory_per_test", ".0f", 1024),
    ("run file per test and phase, gzipped", "file_per_phase", ".1f", 40),
)


def goals(document: Document) -> list[Goal]:
    """Return every figure to reach with what was measured."""
    found = [_idle(document), _at_most(document, PHASES, 20.0), _below_every_peer(document)]
    found += [_at_most(document, DEFAULT, 45.0), _per_statement(document, 3.0)]
    found += [_times_below(document, rival) for rival in _RIVALS]
    found.append(_start(document))
    kept = document.get("kept", {}).get("rows", [])
    for row in kept:
        way = how(row["workers"])
        found += [
            Goal(
                what=f"{what}, {way}",
                to_reach=f"at most {limit} bytes",
                measured=f"{row[name]:{form}} bytes",
                reached=row[name] <= limit,
            )
            for what, name, form, limit in _KEPT
        ]
    return found


def how(workers: int) -> str:
    """Return how a suite was run."""
    return f"`-n {workers}`" if workers else "serial"


def text(cost: Mapping[str, Any]) -> str:
    """Return a figure with its interval."""
    return f"{cost['median']:+.1f} [{cost['low']:+.1f}..{cost['high']:+.1f}]"


def _slope(document: Document, name: str) -> Mapping[str, Any] | None:
    """Return what a trivial test costs, start-up taken out."""
    for row in document.get("processes", {}).get("rows", []):
        if (row["configuration"], row["statements"], row["workers"]) == (name, 0, 0) and row["slope"]:
            found: Mapping[str, Any] = row["slope"]
            return found
    return None


def _hooks(document: Document, name: str) -> Mapping[str, Any] | None:
    """Return what the hooks cost for a trivial test, which is less than everything."""
    found: Iterator[Mapping[str, Any]] = iter(document.get("hooks", {}).get("rows", []))
    return next((row for row in found if row["configuration"] == name), None)


def _sums(document: Document, name: str) -> Iterator[tuple[int, int, Mapping[str, float]]]:
    """Yield statements, tests and microseconds of each serial suite as a whole."""
    for row in document.get("processes", {}).get("rows", []):
        if (row["configuration"], row["workers"]) == (name, 0):
            cost = {end: row["cpu"][end] * row["tests"] for end in ("low", "median", "high")}
            yield row["statements"], row["tests"], cost


def _idle(document: Document) -> Goal:
    what, to_reach = "idle, per trivial test", "no more than an empty plugin, within the noise"
    idle, empty, noise = (_slope(document, name) for name in (IDLE, EMPTY, NOISE))
    if idle is None or empty is None or noise is None:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    spread = noise["high"] - noise["low"]
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{text(idle)} µs; empty plugin {text(empty)}; bare again {text(noise)}",
        reached=idle["median"] - empty["median"] <= spread,
    )


def _at_most(document: Document, name: str, limit: float) -> Goal:
    hooks, whole = _hooks(document, name), _slope(document, name)
    cost = hooks or whole
    said = [f"{text(hooks)} µs, its hooks"] if hooks else []
    said += [f"{text(whole)} µs, whole processes"] if whole else []
    return Goal(
        what=f"{name.removeprefix('paceline, ')}, per trivial test",
        to_reach=f"at most {limit:.0f} µs",
        measured="; ".join(said) or _DASH,
        reached=None if cost is None else cost["median"] <= limit,
    )


def _below_every_peer(document: Document) -> Goal:
    peers = [one.name for one in CONFIGURATIONS if one.phases and not one.name.startswith("paceline")]
    costs = {name: pair for name in peers if (pair := _beside(document, PHASES, name)) is not None}
    what, to_reach = "phases, beside every peer that records them", "below each"
    if not costs:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    nearest = min(costs, key=lambda name: costs[name][1]["median"] - costs[name][0]["median"])
    own, other = costs[nearest]
    below = sorted(name for name, (own, other) in costs.items() if own["median"] < other["median"])
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{text(own)} µs beside {nearest}, {text(other)} µs; below {', '.join(below) or 'none'}",
        reached=len(below) == len(costs),
    )


def _beside(document: Document, name: str, rival: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return what both cost per trivial test, all of it: not every peer does its work in hooks."""
    own, other = _slope(document, name), _slope(document, rival)
    return None if own is None or other is None else (own, other)


def _per_statement(document: Document, limit: float) -> Goal:
    what, to_reach = "all default metrics, per SQL statement", f"at most {limit:.0f} µs"
    rows = {
        row["statement"]: row
        for row in document.get("statements", {}).get("rows", ())
        if row["configuration"] == "recorded"
    }
    if not rows:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    core, get = rows["Core"], rows["ORM get"]
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{core['added_us']:+.1f} µs; `Session.get` with its transaction {get['added_us']:+.1f} µs",
        reached=core["added_us"] <= limit,
    )


def _start(document: Document) -> Goal:
    what, to_reach = "start-up of a recorded run", "no figure was set"
    suites = [suite for suite in _sums(document, DEFAULT) if not suite[0]]
    slope = _slope(document, DEFAULT)
    if not suites or slope is None:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    _, tests, cost = min(suites, key=lambda suite: suite[1])
    start = {end: (cost[end] - slope["median"] * tests) / 1e3 for end in cost}
    return Goal(what=what, to_reach=to_reach, measured=f"{text(start)} ms", reached=None)


def _times_below(document: Document, rival: str) -> Goal:
    what, to_reach = f"all default metrics, beside {rival}", f"{_TIMES} times below"
    pair = _beside(document, DEFAULT, rival)
    if pair is None:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    own, other = (cost["median"] for cost in pair)
    times = other / own if own > 0 else float("inf")
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{times:.1f} times ({text(pair[1])} µs to {text(pair[0])} µs)",
        reached=times >= _TIMES,
    )
