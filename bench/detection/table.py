"""Puts the tables of `bench/results/detection.json` into the documentation.

python bench/detection/table.py            writes the page
python bench/detection/table.py --check    only says whether it is up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
RESULTS = _ROOT / "bench" / "results" / "detection.json"
PAGE = _ROOT / "docs" / "explanation" / "how-often-it-is-wrong.md"
BEGIN, END = "<!-- tables: begin, written by bench/detection/table.py -->", "<!-- tables: end -->"


def tables(results: Mapping[str, Any]) -> str:
    """Return everything between the two marks of the page; what was never measured is left out."""
    needed = (
        (_promises, ("simulated", "way", "counted", "speed")),
        (_way, ("simulated", "way")),
        (_rules, ("rules",)),
        (_alternatives, ("rules",)),
        (_recordings, ("recordings", "spreads")),
    )
    blocks = [block(results) for block, parts in needed if all(part in results for part in parts)]
    return "\n\n".join("\n".join(block) for block in blocks)


def renewed(page: str, results: Mapping[str, Any]) -> str:
    """Return the text of the page with the tables of `results`."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"


def _promises(results: Mapping[str, Any]) -> Iterator[str]:
    made, counted, speed = (results[name] for name in ("simulated", "counted", "speed"))
    # Where the gate does what it does; the others are what loops are worth.
    way = {name: found for name, found in results["way"].items() if found["as_shipped"]}
    empty = " |" * len(way)
    yield "## In short"
    yield ""
    yield f"| | simulated noise, known truth |{''.join(f' recorded, {name} |' for name in way)}"
    yield f"|---|---:|{'---:|' * len(way)}"
    unchanged = [one["unchanged"] for one in way.values()]
    seen = [
        f"{5000 * one['convicted']:.2%} in {one['tests']} tests, too few for a bound" for one in unchanged
    ]
    yield (
        f"| false alarms per pull request with 5,000 tests | {made['per_request']:.2%}, proven below "
        f"{made['per_request_bound']:.2%} | {' | '.join(seen)} |"
    )
    for ratio in ("1.2", "1.5"):
        power = made["power"][ratio]
        real = " | ".join(f"{one['slower'][ratio]['convicted']:.0%}" for one in way.values())
        yield (
            f"| one test of 5 ms or more, {_change(ratio)}, nominated and confirmed twice | "
            f"{power['convicted'] / power['tests']:.0%} | {real} |"
        )
    sum_power = made["sum_power"]["convicted"] / made["sum_power"]["sums"]
    for kind, name, simulated in (
        ("suites", "the total of a suite, +10 %, confirmed twice", f"{sum_power:.0%}"),
        ("files", "the tests of a file of 0.5 s or more, +10 %, confirmed twice", ""),
    ):
        found = [f"{one[kind]['found']:.0%}" if one[kind]["sums"] else "" for one in way.values()]
        yield f"| {name} | {simulated} | {' | '.join(found)} |"
    yield (
        f"| counts: changed ones found, others called changed | {counted['found']} of {counted['changed']}, "
        f"{counted['invented']} of {counted['series'] - counted['changed']} |{empty}"
    )
    judged = f"judging {speed['tests']:,} tests against {speed['runs']} runs, CPU seconds"
    yield f"| {judged}: the noise model | {speed['model']['median']:.2f} |{empty}"
    yield f"| {judged}: all phases, from runs to verdicts | {speed['comparison']['median']:.2f} |{empty}"


def _way(results: Mapping[str, Any]) -> Iterator[str]:
    made, way = results["simulated"], results["way"]
    yield "## Step by step"
    yield ""
    yield "| | nominated | then confirmed | then confirmed again | in all |"
    yield "|---|---:|---:|---:|---:|"
    for name, kind in {
        "tests": "tests",
        "tests, run once in each process": "tests_once",
        "sums, all suspected": "sums",
    }.items():
        steps = made[kind]
        cells = [_of(steps[step]) for step in ("nominated", "confirmed", "repeated")]
        yield f"| simulated, unchanged {name} | {' | '.join(cells)} | {steps['rate']:.1e} |"
    for machine, found in way.items():
        yield from _recorded(machine, found)


def _recorded(machine: str, way: Mapping[str, Any]) -> Iterator[str]:
    unchanged = way["unchanged"]
    yield _line(f"{machine}, {unchanged['tests']} unchanged tests", unchanged, "{:.1e}")
    for ratio, found in way["slower"].items():
        name = f"{machine}, {found['tests']} tests of 5 ms and more, {_change(ratio)}"
        yield _line(name, found, "{:.0%}")
    for ratio, counts in way["planted"].items():
        tests = counts["tests"]
        yield (
            f"| {machine}, really planted work, {_change(ratio)}, {tests} tests | "
            f"{counts['nominated'] / tests:.0%} | {counts['confirmed'] / tests:.0%} of all | "
            f"{counts['repeated'] / tests:.0%} of all | |"
        )


def _line(name: str, found: Mapping[str, Any], last: str) -> str:
    return (
        f"| {name} | {found['nominated']:.1%} | {found['confirmed']:.2%} of all | {found['repeated']:.1%} | "
        f"{last.format(found['convicted'])} |"
    )


def _rules(results: Mapping[str, Any]) -> Iterator[str]:
    rules = results["rules"]
    yield "## Beside other tools"
    yield ""
    yield from _table(rules, "others")


def _alternatives(results: Mapping[str, Any]) -> Iterator[str]:
    yield "## Other scores that were tried"
    yield ""
    yield from _table(results["rules"], "ours")


def _table(rules: Mapping[str, Any], kind: str) -> Iterator[str]:
    changes = ("+10 %", "+20 %", "+50 %")
    columns = [f"{which}: {change}" for which in ("5 ms and more", "all") for change in changes]
    yield f"| | false alarms as shipped | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * 7}"
    for long, every in zip(rules["long"][kind], rules["all"][kind], strict=True):
        shipped = "" if every["shipped"] is None else f"{every['shipped']:.2%}"
        cells = _powers(long["power"]) + _powers(every["power"])
        yield f"| {long['rule']} | {shipped} | {' | '.join(cells)} |"


def _recordings(results: Mapping[str, Any]) -> Iterator[str]:
    yield "## What was recorded"
    yield ""
    yield "| recording | machine | load | runs | loops | tests, of these 5 ms and more |"
    yield "|---|---|---:|---:|---:|---|"
    for name, found in results["recordings"].items():
        tests = ", ".join(
            f"{suite} {number}, {found['tests_of_5_ms'][suite]}" for suite, number in found["tests"].items()
        )
        cells = (
            name.partition(".")[0],
            *(found[key] for key in ("conditions", "load", "runs", "loops")),
            tests,
        )
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield (
        "| suite | machine | sessions of ten pairs | a usual pair of one of their controls differs by "
        "| by the least of five loops |"
    )
    yield "|---|---|---:|---|---|"
    spreads: dict[tuple[str, str, bool], list[tuple[float, float | None]]] = {}
    for one in results["spreads"]:
        least = one["least_spread"]
        spreads.setdefault((one["suite"], one["conditions"], least is None), []).append(
            (one["spread"], least)
        )
    for (suite, conditions, _), found in spreads.items():
        single = ", ".join(f"{spread:.0%}" for spread, _ in found)
        shown = ", ".join(f"{least:.1%}" for _, least in found if least is not None)
        yield f"| {suite} | {conditions} | {len(found)} | {single} | {shown} |"


def _powers(power: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in power]


def _of(step: Sequence[int]) -> str:
    passed, tried = step
    return f"{passed:,} of {tried:,}"


def _change(ratio: str) -> str:
    return f"+{float(ratio) - 1:.0%}".replace("%", " %")


def main() -> int:
    """Write or check the page."""
    page = PAGE.read_text()
    new = renewed(page, json.loads(RESULTS.read_text()))
    if "--check" in sys.argv:
        return int(new != page)
    PAGE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
