"""A document on a terminal, or as plain text where there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from paceline.report.document import Cell, Document, Note, Table, Tone

_UNFOLDED = 400  # columns
#: Columns of a terminal that the text beside a place needs, for both to be read; with less, one is below it.
_ROOM = 40
#: What rich draws beside the text of a column.
_AROUND = 3
_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
    "dim": "dim",
}


def print_document(document: Document, console: Console) -> None:
    """Print `document`; rich leaves out colours where NO_COLOR is set or there is no terminal.

    Where there is no terminal nothing is folded, unless COLUMNS asks for it: node ids stay whole in a log.
    """
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(file=console.file, width=_UNFOLDED)
    for block in document.blocks:
        match block:
            case Table():
                console.print(_table(block, console.width))
            case Note():
                console.print(_note(block), soft_wrap=True)


def _table(block: Table, width: int) -> RichTable:
    table = RichTable(
        title=Text(block.title),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    widths = [max((len(row[at].text) for row in block.rows), default=0) for at in range(len(block.columns))]
    placed = next((at for at, column in enumerate(block.columns) if column.whole), 0)
    is_below = placed > 0 and _room(widths, placed, width) < min(_ROOM, widths[placed - 1])
    for at, column in enumerate(block.columns):
        if is_below and at == placed:
            continue
        # A column of a set width is the last that rich makes narrower.
        table.add_column(
            column.name,
            justify="right" if column.numeric else "left",
            overflow="fold",
            width=widths[at] if column.whole and widths[at] else None,
        )
    for row in block.rows:
        cells = [_text(cell) for cell in row]
        if is_below:
            place = cells.pop(placed)
            indent = len(row[placed - 1].text) - len(row[placed - 1].text.lstrip())
            if place:
                cells[placed - 1].append(f"\n{' ' * indent}").append(place)
        table.add_row(*cells)
    return table


def _room(widths: Sequence[int], placed: int, width: int) -> int:
    """Return the columns that are left for the text before the column that is `placed`."""
    others = sum(one + _AROUND for at, one in enumerate(widths) if at != placed - 1)
    return width - others - _AROUND


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.tone])


def _note(note: Note) -> Text:
    text = Text(note.text, style=_STYLES[note.tone])
    for item in note.items:
        text.append(f"\n  {item}", style="")
    return text
