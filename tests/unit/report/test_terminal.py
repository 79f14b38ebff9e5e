"""Tables on terminals of several widths."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from paceline.report.document import Cell, Column, Document, Table
from paceline.report.terminal import print_document

_PLACE = "tests/schema/test_order_history.py:48"
_ROW = ("4.80 s", "  test_history_runs_backwards_without_a_gap", _PLACE)


def _shown(width: int) -> list[str]:
    columns = (Column(name="Seconds", numeric=True), Column(name="Test"), Column(name="Where", whole=True))
    table = Table(title="Tests", columns=columns, rows=(tuple(Cell(text=text) for text in _ROW),))
    console = Console(file=io.StringIO(), width=width, force_terminal=True, no_color=True, highlight=False)
    print_document(Document(title="Tests", blocks=(table,)), console)
    assert isinstance(console.file, io.StringIO)
    text = re.sub(r"\x1b\[[\d;]*m", "", console.file.getvalue())
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 200])
def test_a_place_stays_in_one_piece(width: int) -> None:
    """A line number that is broken off reads like another line."""
    lines = _shown(width)

    assert sum(_PLACE in line for line in lines) == 1
    assert all(len(line) <= width for line in lines)


def test_a_place_is_below_what_it_is_about_where_there_is_no_room_beside_it() -> None:
    """And as far to the right."""
    beside, below = _shown(120)[-2:], _shown(80)[-3:]

    assert beside[0].split() == ["4.80", "s", _ROW[1].strip(), _PLACE]
    assert below[0].split() == ["4.80", "s", _ROW[1].strip()]
    assert below[1].index(_PLACE) == below[0].index(_ROW[1].strip())
