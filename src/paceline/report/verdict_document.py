"""The report of a verdict: pure."""

from __future__ import annotations

from paceline.model.verdict import SuiteVerdict, Verdict
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.verdict_words import TONES
from paceline.report.words import DASH, printable, seconds

_FINDINGS: dict[str, Tone] = {"regressed": "bad", "suspicious": "warning", "improved": "good"}


def verdict_document(verdict: Verdict) -> Document:
    """Return the report of `verdict`, the worst suite first."""
    blocks: list[Table | Note] = [_overview(verdict)]
    for suite in verdict.suites:
        if suite.findings:
            blocks.append(_findings(suite))
        if suite.more:
            blocks.append(Note(text=f"{suite.suite}: and {suite.more} more", tone="dim"))
    return Document(title="Paceline verdict", blocks=tuple(blocks))


def _overview(verdict: Verdict) -> Table:
    columns = (
        Column(name="Verdict"),
        Column(name="Suite"),
        Column(name="Tests", numeric=True),
        Column(name="Time", numeric=True),
        Column(name="Compared with"),
        Column(name="What"),
    )
    rows = tuple(
        (
            Cell(text=suite.state.replace("_", " "), tone=TONES[suite.state]),
            Cell(text=suite.suite),
            Cell(text=str(suite.tests)),
            Cell(text=seconds(suite.wall)),
            Cell(text=suite.base or DASH),
            Cell(text=printable(suite.sentence)),
        )
        for suite in verdict.suites
    )
    return Table(title="Verdict", columns=columns, rows=rows)


def _findings(suite: SuiteVerdict) -> Table:
    columns = (
        Column(name="Verdict"),
        Column(name="What"),
        Column(name="Before", numeric=True),
        Column(name="After", numeric=True),
        Column(name="Change", numeric=True),
        Column(name="Why"),
    )
    rows = tuple(
        (
            Cell(text=one.word, tone=_FINDINGS.get(one.word, "dim")),
            Cell(text=one.what),
            Cell(text=one.before),
            Cell(text=one.after),
            Cell(text=one.change),
            Cell(text=one.why),
        )
        for one in suite.findings
    )
    return Table(title=suite.suite, columns=columns, rows=rows)
