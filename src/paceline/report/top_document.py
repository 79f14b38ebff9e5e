"""The report of a ranking: pure."""

from __future__ import annotations

from paceline.model.ranking import Ranked, Ranking
from paceline.report.document import Cell, Column, Document, Note, Table
from paceline.report.words import printable, quantity, share


def top_document(ranking: Ranking) -> Document:
    """Return the report of `ranking`."""
    title = f"{ranking.kind.capitalize()} by {ranking.by}"
    if not ranking.rows:
        return Document(title=title, blocks=(Note(text=f"This run recorded no {ranking.kind}."),))
    table = Table(
        title=title, columns=_columns(ranking), rows=tuple(_row(row, ranking) for row in ranking.rows)
    )
    left = ranking.length - len(ranking.rows)
    more = [Note(text=f"{left} more; --limit {ranking.length} shows them all.", tone="dim")] if left else []
    return Document(title=title, blocks=(table, *more))


def _columns(ranking: Ranking) -> tuple[Column, ...]:
    shares = (Column(name="Share", numeric=True),) if ranking.total else ()
    return (
        Column(name=ranking.by, numeric=True),
        *shares,
        Column(name="Times", numeric=True),
        Column(name=ranking.kind.capitalize().removesuffix("s")),
        Column(name="Where", whole=True),
    )


def _short(row: Ranked) -> str:
    """Return the name without the file that its place says."""
    file = (row.where or "").rpartition(":")[0]
    return row.name.removeprefix(f"{file}::") if file else row.name


def _row(row: Ranked, ranking: Ranking) -> tuple[Cell, ...]:
    shares = (Cell(text=share(row.value, ranking.total)),) if ranking.total else ()
    return (
        Cell(text=quantity(row.value, ranking.unit)),
        *shares,
        Cell(text=str(row.count)),
        Cell(text=printable(_short(row))),
        Cell(text=printable(row.where or "")),
    )
