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
    cost, of = _slope(document, name), ""
    if cost is None:
        cost, of = _hooks(document, name), ", its hooks alone"
    return Goal(
        what=f"{name.removeprefix('paceline, ')}, per trivial test",
        to_reach=f"at most {limit:.0f} µs",
        measured=_DASH if cost is None else f"{text(cost)} µs{of}",
        reached=None if cost is None else cost["median"] <= limit,
    )


def _below_every_peer(document: Document) -> Goal:
    peers = [one.name for one in CONFIGURATIONS if one.phases and not one.name.startswith("paceline")]
    costs = {name: cost for name in peers if (cost := _slope(document, name)) is not None}
    own = _slope(document, PHASES)
    what, to_reach = "phases, beside every peer that records them", "below each"
    if own is None or not costs:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    least = min(costs, key=lambda name: costs[name]["median"])
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{text(own)} µs; the least of the peers is {least}, {text(costs[least])} µs",
        reached=own["median"] < costs[least]["median"],
    )


def _per_statement(document: Document, limit: float) -> Goal:
    what, to_reach = "all default metrics, per SQL statement", f"at most {limit:.0f} µs"
    suites = sorted(_sums(document, DEFAULT), key=lambda suite: suite[:2])
    heavy = next((suite for suite in suites if suite[0]), None)
    slope = _slope(document, DEFAULT)
    if heavy is None or slope is None:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    statements, tests, cost = heavy
    rest = suites[0][2]["median"] + slope["median"] * (
        tests - suites[0][1]
    )  # start-up, and the tests themselves
    each = {end: (cost[end] - rest) / tests / statements for end in cost}
    return Goal(what=what, to_reach=to_reach, measured=f"{text(each)} µs", reached=each["median"] <= limit)


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
    own, other = _slope(document, DEFAULT), _slope(document, rival)
    what, to_reach = f"all default metrics, beside {rival}", f"{_TIMES} times below"
    if own is None or other is None:
        return Goal(what=what, to_reach=to_reach, measured=_DASH, reached=None)
    times = other["median"] / own["median"] if own["median"] > 0 else float("inf")
    return Goal(
        what=what,
        to_reach=to_reach,
        measured=f"{times:.1f} times ({other['median']:+.0f} µs to {own['median']:+.0f} µs)",
        reached=times >= _TIMES,
    )
