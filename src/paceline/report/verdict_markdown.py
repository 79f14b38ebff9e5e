"""A verdict as GitHub-flavoured Markdown, for a job summary or a comment, also when its texts are hostile.

Every text that came from a project stands in a code span: there GitHub makes neither markup, nor links, nor
mentions of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from paceline.model.verdict import State, SuiteVerdict, Verdict
from paceline.report.verdict_words import HEADLINES, SIGNS
from paceline.report.words import count, printable, seconds

#: Verdicts whose suites are open when the reader comes.
_OPEN: frozenset[State] = frozenset({"regressed", "not_provisioned", "not_measured", "tests_failed"})
_RUNS = re.compile(r"`+")


def render(verdict: Verdict, limit: int, footer: str = "") -> str:
    """Return `verdict` as Markdown of at most `limit` bytes; the least bad findings go first.

    Args:
        footer: Markdown of one's own for the end, such as a link.
    """
    whole = _text(verdict, footer)
    while len(whole.encode()) > limit and any(suite.findings for suite in verdict.suites):
        verdict = replace(verdict, suites=_shortened(verdict.suites))
        whole = _text(verdict, footer)
    while len(whole.encode()) > limit and verdict.suites:
        verdict = replace(verdict, suites=verdict.suites[:-1])
        whole = _text(verdict, "_The other suites did not fit in here._")
    return whole


def _shortened(suites: tuple[SuiteVerdict, ...]) -> tuple[SuiteVerdict, ...]:
    """Take half of the findings from the last suite that has some."""
    at = max(number for number, suite in enumerate(suites) if suite.findings)
    suite = suites[at]
    kept = len(suite.findings) // 2
    less = replace(suite, findings=suite.findings[:kept], more=suite.more + len(suite.findings) - kept)
    return (*suites[:at], less, *suites[at + 1 :])


def _text(verdict: Verdict, footer: str) -> str:
    sign, _ = SIGNS[verdict.worst]
    parts = [f"## {sign} {HEADLINES[verdict.worst]}", _overview(verdict)]
    parts += [part for suite in verdict.suites for part in _details(suite)]
    if footer:
        parts.append(footer)
    return "\n\n".join(parts) + "\n"


def _overview(verdict: Verdict) -> str:
    rows = [
        f"| {' '.join(SIGNS[suite.state])} | {code(suite.suite)} | {_tests(suite)} | {seconds(suite.wall)} "
        f"| {code(suite.sentence)} |"
        for suite in verdict.suites
    ]
    return "\n".join(["| Verdict | Suite | Tests | Time | |", "|---|---|---:|---:|---|", *rows])


def _tests(suite: SuiteVerdict) -> str:
    return f"{suite.tests}, {suite.failed} failed" if suite.failed else f"{suite.tests}"


def _details(suite: SuiteVerdict) -> Iterator[str]:
    if not suite.findings and not suite.notes:
        return
    opened = " open" if suite.state in _OPEN else ""
    changes = count(len(suite.findings) + suite.more, "change") if suite.findings else "notes"
    # HTML doesn't know code spans, but a suite's name is plain.
    yield f"<details{opened}><summary>{SIGNS[suite.state][0]} {_plain(suite.suite)}: {changes}</summary>"
    if suite.base:
        yield f"Compared with {code(suite.base)}."
    if suite.findings:
        head = "| | What | Before | After | Change | Why |\n|---|---|---:|---:|---:|---|"
        yield "\n".join([head, *(_row(finding_cells) for finding_cells in _cells(suite))])
    if suite.more:
        yield f"… and {suite.more} more."
    if suite.notes:
        yield "\n".join(f"- {code(note)}" for note in suite.notes)
    yield "</details>"


def _cells(suite: SuiteVerdict) -> Iterator[tuple[str, ...]]:
    for one in suite.findings:
        what = f"{code(one.what)}<br>{code(one.where)}" if one.where else code(one.what)
        yield (code(one.word), what, code(one.before), code(one.after), code(one.change), code(one.why))


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


@lru_cache(maxsize=10_000)  # until everything fits, most of it is rendered several times
def code(text: str) -> str:
    """Return `text` as a code span that also holds in a table; nothing in it is markup any more."""
    # Even escaped, a bar could end the cell, and with it the span.
    line = printable(text).replace("|", "\N{BOX DRAWINGS LIGHT VERTICAL}").strip()
    if not line:
        return ""
    longest = max((len(found) for found in _RUNS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _plain(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name)
