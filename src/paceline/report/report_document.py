"""The report of whole suites for a prompt: what changed, what to do first, what took longest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.model.page import SuiteView, TestView
from paceline.model.run import place_of
from paceline.model.times import TIME_NAMES
from paceline.report.comparison_document import comparison_document
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.explain_document import explain_document, headline
from paceline.report.words import because, count, printable, seconds

_MOST_TESTS = 10


def report_document(suites: Sequence[SuiteView]) -> Document:
    """Return the report of `suites`; all that changed stands before what is merely slow."""
    compared = [suite.comparison for suite in suites if suite.comparison is not None]
    changes = comparison_document(compared).blocks if compared else ()
    blocks: list[Table | Note] = [Note(text=_state(suite), tone=_tone(suite)) for suite in suites]
    blocks.extend(changes)
    for suite in suites:
        blocks.extend(_blocks(suite))
    return Document(title="Paceline report", blocks=tuple(blocks))


def _state(suite: SuiteView) -> str:
    if suite.status not in ("measured", "tests_failed"):
        return printable(f"{suite.name}: {because(suite.status, suite.reason)}")
    failed = f"; {suite.reason}" if suite.status == "tests_failed" else ""
    wall = seconds(suite.wall) if suite.wall is not None else "time unknown"
    return printable(f"{suite.name}: {count(len(suite.tests), 'test')}, {wall}{failed}")


def _tone(suite: SuiteView) -> Tone:
    return "plain" if suite.status == "measured" else "bad"


def _blocks(suite: SuiteView) -> Iterator[Table | Note]:
    if not suite.tests:
        return
    yield Note(text=headline(suite.account))
    spent = ", ".join(f"{seconds(time)} {TIME_NAMES[kind]}" for kind, time in suite.times if time)
    yield Note(text=f"By kind: {spent}", tone="dim")
    for block in explain_document(suite.account).blocks:
        if isinstance(block, Table) and block.title == "What to do first":
            yield Table(title=f"What to do first in {suite.name}", columns=block.columns, rows=block.rows)
    yield _slowest(suite)


def _slowest(suite: SuiteView) -> Table:
    slowest = sorted(suite.tests, key=lambda test: -test.seconds)[:_MOST_TESTS]
    columns = (
        Column(name="Seconds", numeric=True),
        Column(name="Test"),
        Column(name="Where"),
        Column(name="Spent on"),
    )
    return Table(title=f"Slowest of {suite.name}", columns=columns, rows=tuple(map(_row, slowest)))


def _row(test: TestView) -> tuple[Cell, ...]:
    return (
        Cell(text=seconds(test.seconds)),
        Cell(text=printable(test.nodeid.removeprefix(f"{test.path}::"))),
        Cell(text=printable(place_of(test.path, test.lineno))),
        Cell(text=printable(test.causes)),
    )
