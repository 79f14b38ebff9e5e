"""From the JSON file to the page of the docs: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from configurations import CONFIGURATIONS
from goals import Document, goals, how, text

_DASH = "\N{EN DASH}"


def as_markdown(document: Document) -> str:
    """Return the whole page."""
    blocks = [_INTRODUCTION, _goals_table(document)]
    blocks += list(_process_tables(document))
    blocks += list(_hooks_table(document))
    blocks += list(_statements_table(document))
    blocks += list(_instruction_tables(document))
    blocks += list(_left_out(document))
    blocks.append(_again())
    return "\n\n".join(blocks) + "\n"


_INTRODUCTION = """\
# What recording costs

This page is written by `python bench/overhead.py` from `bench/results/overhead.json`, and a test compares the
two. Peers are measured in the same run: all configurations of a suite take turns in random order between bare
runs of the same suite, so that what slows the machine for a while slows both sides of each difference.
Processor time is that of the whole process tree, user and system. Costs are differences to bare pytest per
test, start-up and collection included: 0.1 s for a run of 5,000 tests are 20 µs per test. "Each further test"
takes that out, by a suite of 100 tests that is measured in the same rounds, and start-up is a row of its own.
Brackets hold the 95 % interval of the median; with fewer than six rounds, the lowest and the highest.

From process to process this machine is faster or slower by more than all that was to be found. What was to
be reached per test or statement is therefore compared with hooks that are switched on and off within one
process, and with statements that take turns in one; what whole processes say stands beside it. Peers are
compared by whole processes, wide as the intervals are: some do most of their work outside of hooks.

Two suites: trivial tests, and tests with fifty SQL statements each on an SQLite database in memory. "Phases"
records set-up, call and tear-down with outcome, clean time, garbage collection, switches and worker, streamed
to the disk."""


def _goals_table(document: Document) -> str:
    said = {True: "yes", False: "**no**", None: "not measured"}
    lines = [
        "## What was to be reached",
        "",
        "| figure | to reach | measured | reached |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {goal.what} | {goal.to_reach} | {goal.measured} | {said[goal.reached]} |"
        for goal in goals(document)
    ]
    return "\n".join(lines)


def _process_tables(document: Document) -> Iterator[str]:
    part = document.get("processes")
    if not part or not part["rows"]:
        return
    yield f"## Whole processes\n\n{_about(part)}"
    for bare in part["bare"]:
        case = (bare["statements"], bare["workers"], bare["tests"])
        rows = [row for row in part["rows"] if (row["statements"], row["workers"], row["tests"]) == case]
        rounds = max((row["rounds"] for row in rows), default=0)
        title = (
            f"**{_suite(bare)}, {how(bare['workers'])}**, {rounds} rounds: bare pytest takes "
            f"{bare['cpu']:.2f} s of processor time, {bare['wall']:.2f} s by the wall"
        )
        lines = [
            title,
            "",
            "| | processor, µs per test | ratio | wall, µs per test | ratio |",
            "|---|---:|---:|---:|---:|",
        ]
        slopes = any(row["slope"] for row in rows)
        if slopes:
            lines[-2] += " each further test, µs |"
            lines[-1] += "---:|"
        for row in _in_order(rows):
            cells = [row["configuration"]]
            for cost in (row["cpu"], row["wall"]):
                cells += [
                    f"{cost['median']:+.0f} [{cost['low']:+.0f}..{cost['high']:+.0f}]",
                    f"{cost['ratio']:.2f}",
                ]
            lines.append(f"| {' | '.join(cells)} |")
        yield "\n".join(lines)


def _hooks_table(document: Document) -> Iterator[str]:
    part = document.get("hooks")
    if not part or not part["rows"]:
        return
    yield (
        f"## The hooks alone\n\n{_about(part)}\n\nOne process, ten tests with the hooks and ten without, "
        "trivial tests; what is compared lies milliseconds apart. No start-up, no collection, and none of "
        "the rare pauses of the garbage collector. Peers whose hooks can't be taken off are missing."
    )
    lines = [
        "| hooks of | processor, µs per test [95 %] | ratio | without them, µs |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row['configuration']} | {text(row)} | {row['ratio']:.2f} | {row['bare']:.0f} |"
        for row in _in_order(part["rows"])
    ]
    yield "\n".join(lines)


def statement_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a table."""
    lines = ["| statement | bare, CPU µs | | added, CPU µs [quartiles] | ratio |", "|---|---:|---|---:|---:|"]
    for row in rows:
        low, high = row["quartiles_us"]
        lines.append(
            f"| {row['statement']} | {row['bare_us']} | {row['configuration']} "
            f"| {row['added_us']:+} [{low:+}..{high:+}] | {row['ratio']} |"
        )
    return lines


def _statements_table(document: Document) -> Iterator[str]:
    part = document.get("statements")
    if not part:
        return
    yield (
        f"## One SQL statement\n\n{_about(part)}\n\nOne process, the same statement on engines that take "
        "turns of fifty, SQLite in memory; medians over turns, with their quartiles."
    )
    yield "\n".join(statement_lines(part["rows"]))


def _instruction_tables(document: Document) -> Iterator[str]:
    part = document.get("instructions")
    if not part or not part["rows"]:
        return
    yield (
        f"## Instructions\n\n{_about(part)}\n\nCounted by valgrind, the same on a busy machine as on a quiet "
        "one: the difference between n and 3n tests, garbage collection off. The kernel's part is left out. "
        "Valgrind is fifty times as slow, so that Paceline takes every phase for a long one."
    )
    by_name: dict[str, dict[int, dict[str, Any]]] = {}
    for row in part["rows"]:
        by_name.setdefault(row["configuration"], {})[row["statements"]] = row
    suites = sorted({row["statements"] for row in part["rows"]})
    titles = [f"{'SQL' if suite else 'trivial'} test, thousands | ratio" for suite in suites]
    lines = [f"| added by | {' | '.join(titles)} |", "|---|" + "---:|---:|" * len(suites)]
    for name in sorted(by_name, key=_place):
        cells = []
        for suite in suites:
            row = by_name[name].get(suite)
            cells += [_DASH, _DASH] if row is None else [f"{row['added']:+.0f}", f"{row['ratio']:.3f}"]
        lines.append(f"| {' | '.join([name, *cells])} |")
    yield "\n".join(lines)


def _left_out(document: Document) -> Iterator[str]:
    left_out = document.get("left_out", {})
    if left_out:
        lines = ["## Not measured", ""]
        yield "\n".join([*lines, *(f"- {name}: `{why}`" for name, why in sorted(left_out.items()))])


def _again() -> str:
    return """\
## Measure again

```console
$ python bench/overhead.py --minutes 12           # everything but instructions; a quiet machine
$ python bench/overhead.py --parts instructions   # about half an hour, on any machine with valgrind
$ python bench/overhead.py --parts page           # only this page, from the JSON file
```"""


def _about(part: Mapping[str, Any]) -> str:
    machine = part["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in sorted(machine["packages"].items()))
    load = machine["load"]
    return (
        f"Measured on {part['date']} at commit {machine['commit']}, with Python {machine['python']} on "
        f"{machine['cpu_count']} processors ({machine['cpu']}), {machine['system']}; the load was {load[0]} "
        f"at the start and {load[1]} at the end. {packages}."
    )


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: _place(row["configuration"]))


def _place(name: str) -> int:
    return [one.name for one in CONFIGURATIONS].index(name)


def _suite(bare: Mapping[str, Any]) -> str:
    return f"{bare['tests']:,} {'tests with 50 statements' if bare['statements'] else 'trivial tests'}"
