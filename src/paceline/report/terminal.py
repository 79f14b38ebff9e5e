"""A document on a terminal, or as plain text where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
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
            case Table() if _is_crowded(block, console.width):
                _print_stacked(block, console)
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


def _is_crowded(block: Table, width: int) -> bool:
    """Tell whether two texts, such as a node id and a reason, would be folded side by side."""
    texts = [at for at, column in enumerate(block.columns) if at and not column.numeric]
    if len(texts) < 2 or any(column.whole for column in block.columns):
        return False
    widths = [max(map(len, (column.name, *_texts(block, at)))) for at, column in enumerate(block.columns)]
    room = width - sum(one + _AROUND for at, one in enumerate(widths) if at not in texts)
    return room < sum(min(_ROOM, widths[at]) + _AROUND for at in texts)


def _texts(block: Table, at: int) -> Iterator[str]:
    return (row[at].text for row in block.rows)


def _print_stacked(block: Table, console: Console) -> None:
    """Print the figures of each row on a line, and its texts below, over the whole width."""
    figures = [at for at, column in enumerate(block.columns) if not at or column.numeric]
    widths = {at: max(map(len, (block.columns[at].name, *_texts(block, at)))) for at in figures}

    def aligned(at: int, text: str) -> str:
        return text.rjust(widths[at]) if block.columns[at].numeric else text.ljust(widths[at])

    console.print(Text(block.title, style="bold"))
    heads = "   ".join(aligned(at, block.columns[at].name) for at in figures)
    console.print(Text(f" {heads}", style="dim"), soft_wrap=True)
    for row in block.rows:
        line = Text(" ")
        for at in figures:
            line.append("   " if at else "").append(aligned(at, row[at].text), style=_STYLES[row[at].tone])
        console.print(line, soft_wrap=True)
        for at, cell in enumerate(row):
            if at not in widths and cell.text:
                console.print(Padding(_text(cell), (0, 0, 0, 3)))


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
