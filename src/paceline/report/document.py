"""What a report says, before it has a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "bad", "warning", "dim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of text and how it should strike the reader."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        whole: whether its texts are to stay in one piece where there is room, such as a file and line.
    """

    name: str
    numeric: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells, as many in each as there are columns."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence on its own, and the items that it introduces."""

    text: str
    tone: Tone = "plain"
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report."""

    title: str
    blocks: tuple[Table | Note, ...]
