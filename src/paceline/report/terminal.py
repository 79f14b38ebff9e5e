"""A document on a terminal, or as plain text where there is none."""

from __future__ import annotations

import os

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from paceline.report.document import Cell, Document, Note, Table, Tone

_UNFOLDED = 400  # columns
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
                console.print(_table(block))
            case Note():
                console.print(_note(block), soft_wrap=True)


def _table(block: Table) -> RichTable:
    table = RichTable(
        title=Text(block.title),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in block.columns:
        table.add_column(column.name, justify="right" if column.numeric else "left", overflow="fold")
    for row in block.rows:
        table.add_row(*(_text(cell) for cell in row))
    return table


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.tone])


def _note(note: Note) -> Text:
    text = Text(note.text, style=_STYLES[note.tone])
    for item in note.items:
        text.append(f"\n  {item}", style="")
    return text
