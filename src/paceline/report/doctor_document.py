"""The report of `paceline doctor`: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.model.diagnosis import Component, Diagnosis, Finding, Severity, SuiteState
from paceline.model.facts import DatabaseFact, EngineFact
from paceline.report.document import Cell, Column, Document, Note, Table, Tone
from paceline.report.words import DASH, count, seconds

_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warning", "note": "plain"}
_OWNERS = {"paceline": "Paceline", "project": "the project", "nobody": DASH}
_JOINS = {
    True: Cell(text="yes", tone="good"),
    False: Cell(text="no", tone="warning"),
    None: Cell(text="unknown", tone="dim"),
}
_TEMPLATES = {"kept": "kept from an earlier run", "to_build": "built by the next run, then kept"}


def doctor_document(diagnosis: Diagnosis) -> Document:
    """Return the report of `diagnosis`."""
    blocks: list[Table | Note] = [_environment(diagnosis.components), _suites(diagnosis.suites)]
    if diagnosis.database is not None:
        blocks.append(_database(diagnosis.database))
    if diagnosis.engines:
        blocks.append(_engines(diagnosis.engines))
    blocks.extend(_finding(each) for each in diagnosis.findings)
    blocks.append(_verdict(diagnosis))
    return Document(title="Paceline doctor", blocks=tuple(blocks))


def _environment(components: Sequence[Component]) -> Table:
    rows = tuple(
        (
            Cell(text=each.name),
            Cell(text=each.version or "not installed", tone="plain" if each.version else "dim"),
            Cell(text=_enables(each), tone="dim"),
        )
        for each in components
    )
    columns = (Column(name="What"), Column(name="Version"), Column(name=""))
    return Table(title="Environment", columns=columns, rows=rows)


def _enables(component: Component) -> str:
    if component.version or not component.enables:
        return ""
    how = f": pip install 'pytest-paceline[{component.extra}]'" if component.extra else ""
    return f"would enable {component.enables}{how}"


def _suites(suites: Sequence[SuiteState]) -> Table:
    columns = (
        Column(name="Suite"),
        Column(name="Ready"),
        Column(name="Tests", numeric=True),
        Column(name="Skipped", numeric=True),
        Column(name="Marker"),
        Column(name="Flag"),
        Column(name="Defined by"),
        Column(name="Isolation"),
        Column(name="Requires"),
    )
    return Table(title="Suites", columns=columns, rows=tuple(_suite(suite) for suite in suites))


def _suite(suite: SuiteState) -> tuple[Cell, ...]:
    return (
        Cell(text=suite.name),
        Cell(text="yes" if suite.ready else "no", tone="good" if suite.ready else "bad"),
        Cell(text=DASH if suite.tests is None else str(suite.tests)),
        Cell(text=str(suite.skipped)),
        Cell(text=suite.marker or DASH),
        Cell(text=suite.flag or "always on"),
        Cell(text=_OWNERS[suite.owner]),
        Cell(text=suite.isolation),
        Cell(text=", ".join(suite.requires) or DASH),
    )


def _database(database: DatabaseFact) -> Table:
    columns = (Column(name="Question"), Column(name="Answer"))
    rows = tuple((Cell(text=question), Cell(text=answer)) for question, answer in _answers(database))
    return Table(title="Database", columns=columns, rows=rows)


def _answers(database: DatabaseFact) -> Iterator[tuple[str, str]]:
    chosen = database.source if database.refusal is None else "none that can be used"
    yield "Which one", chosen or "none"
    if database.url:
        yield "At", database.url
    for attempt in database.tried:
        yield "Not taken", attempt
    for name, there in database.extensions.items():
        yield name, {True: "available", False: "not available", None: "unknown"}[there]
    for template in database.templates:
        state = _TEMPLATES.get(template.state, f"made in every run: {template.reason}")
        yield f"Prepared copy for {template.suite}", state
    if database.started is not None:
        started = database.started
        yield "Started", f"{started.product} {started.server} in {seconds(started.duration)}"


def _engines(engines: Sequence[EngineFact]) -> Table:
    columns = (
        Column(name="Engine"),
        Column(name="Driver"),
        Column(name="Leads to"),
        Column(name="Joins"),
        Column(name="Because"),
    )
    rows = tuple(
        (
            Cell(text=engine.name or "in no module"),
            Cell(text=engine.driver),
            Cell(text=engine.url),
            _JOINS[engine.joins],
            Cell(text=engine.reason),
        )
        for engine in engines
    )
    return Table(title="Engines", columns=columns, rows=rows)


def _finding(each: Finding) -> Note:
    more = [f"and {each.count - len(each.where)} more"] if each.count > len(each.where) else []
    items = (*each.where, *more, f"→ {each.remedy}")
    return Note(text=f"{each.severity}: {each.what} ({each.slug})", tone=_TONES[each.severity], items=items)


def _verdict(diagnosis: Diagnosis) -> Note:
    blocked = [suite.name for suite in diagnosis.suites if not suite.ready]
    if blocked:
        names = ", ".join(blocked)
        return Note(text=f"\n{count(len(blocked), 'suite')} can't be measured: {names}", tone="bad")
    serious = sum(each.severity != "note" for each in diagnosis.findings)
    if serious:
        return Note(
            text=f"\nEvery suite can be measured, with {count(serious, 'thing')} to look at", tone="warning"
        )
    return Note(text="\nEvery suite can be measured", tone="good")
