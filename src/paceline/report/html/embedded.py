"""The figures of all tests, small enough to be part of the page: pure.

Names are sorted, and each says only how it differs from the one before it. The seconds of a test in every run
are one character each: how far they lie between its lowest and its highest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paceline.model.page import SuiteView, TestView
from paceline.report.words import printable

#: Printable ASCII that JSON and HTML leave as it is.
_LEVELS = "".join(chr(code) for code in range(35, 127) if chr(code) not in "\"&'<>\\")
_NONE = "!"
#: So that the page stays below 1 MB.
_MOST_BYTES = 850_000
_MOST_TESTS = 5000
_RUNS = (100, 50, 25, 10, 2)
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How much of what is known the page holds."""

    tests: int
    of_tests: int
    runs: int
    of_runs: int


def embedded(suites: Sequence[SuiteView]) -> tuple[str, Shown]:
    """Return the figures as JSON that can stand in a script element, and how much of them it is."""
    each = max(1, _MOST_TESTS // max(1, len(suites)))
    kept = [sorted(suite.tests, key=lambda test: -test.seconds)[:each] for suite in suites]
    known = max((len(suite.runs) for suite in suites), default=0)
    text = ""
    runs = known
    for runs in _RUNS:
        content = [_suite(suite, tests, runs) for suite, tests in zip(suites, kept, strict=True)]
        text = _safe({"levels": _LEVELS, "none": _NONE, "suites": content})
        if len(text) <= _MOST_BYTES:
            break
    return text, Shown(
        tests=sum(map(len, kept)),
        of_tests=sum(len(suite.tests) for suite in suites),
        runs=min(runs, known),
        of_runs=known,
    )


def _safe(content: object) -> str:
    """Return JSON that no HTML parser finds the end of the element in."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def _suite(suite: SuiteView, tests: Sequence[TestView], runs: int) -> dict[str, Any]:
    first = max(0, len(suite.runs) - runs)
    rows: list[list[Any]] = []
    previous = ""
    for name, test in sorted((_named(test), test) for test in tests):
        same = _shared_length(previous, name)
        rows.append([same, name[same:], *_figures(test, first)])
        previous = name
    return {
        "name": printable(suite.name),
        "runs": [round(start) for start in suite.runs[first:]],
        "after": max(0, suite.after - first),
        "tests": rows,
    }


def _shared_length(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, its) in pairs if mine != its), min(len(one), len(other)))


def _named(test: TestView) -> str:
    name = printable(test.nodeid)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _figures(test: TestView, first: int) -> list[Any]:
    known = [value for value in test.history[first:] if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    return [
        test.lineno + 1 if test.lineno is not None else 0,
        test.outcome,
        test.verdict or "",
        *(_micro(value) for value in (test.setup, test.call, test.teardown)),
        [_micro(value) for value in test.before] if test.before else 0,
        printable(test.causes),
        _micro(low),
        _micro(high),
        "".join(_level(value, low, high) for value in test.history[first:]),
    ]


def _micro(value: float | None) -> int | None:
    return None if value is None else round(value * 1e6)


def _level(value: float | None, low: float, high: float) -> str:
    if value is None:
        return _NONE
    return _LEVELS[round((value - low) / (high - low) * (len(_LEVELS) - 1))] if high > low else _LEVELS[0]
