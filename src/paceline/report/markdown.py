"""A document as compact Markdown: for a prompt, an issue, a chat. GitHub's job summary has its own file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from paceline.report.document import Cell, Document, Note, Table

#: Characters that a prompt can spare for a report.
SIZE = 4000
#: Characters of a name, a statement or a sentence that say enough.
_LONGEST = 240
#: What Markdown or HTML takes for markup inside of a sentence or cell.
_MARKUP = re.compile(r"([\\*<>|\[\]])")


def render(document: Document, size: int = SIZE) -> str:
    """Return `document` as Markdown of at most `size` characters.

    Tables and lists are ranked, so their ends are left out first, all at the same length; then whole blocks
    from the last on. What is left out is counted.
    """
    title = f"# {_escaped(document.title)}"
    sections = [_section(block) for block in document.blocks]
    for kept in range(len(sections), -1, -1):
        longest = max((len(one.rows) for one in sections[:kept]), default=0)
        lengths = range(min(1, longest), longest + 1)
        fitting = bisect_right(lengths, size, key=lambda rows: len(_joined(title, sections, kept, rows)))
        if fitting:
            return _joined(title, sections, kept, lengths[fitting - 1])
    return f"{title[: size - 1]}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A block as lines of Markdown: the first ones belong to it, of the rows some can be left out."""

    head: tuple[str, ...]
    rows: tuple[str, ...]


def _joined(title: str, sections: Sequence[_Section], kept: int, most: int) -> str:
    parts = [title]
    for section in sections[:kept]:
        parts.append("\n".join((*section.head, *section.rows[:most])))
        if len(section.rows) > most:
            parts.append(f"... and {len(section.rows) - most} more")
    if kept < len(sections):
        parts.append(f"... and {len(sections) - kept} more parts")
    return "\n\n".join(parts) + "\n"


def _section(block: Table | Note) -> _Section:
    match block:
        case Table():
            rule = "|".join("--:" if column.numeric else "---" for column in block.columns)
            names = "|".join(_escaped(column.name) for column in block.columns)
            rows = tuple("|{}|".format("|".join(_cell(cell) for cell in row)) for row in block.rows)
            return _Section(head=(f"## {_escaped(block.title)}", "", f"|{names}|", f"|{rule}|"), rows=rows)
        case Note():
            items = tuple(f"- {_escaped(item)}" for item in block.items)
            return _Section(head=(_escaped(block.text),), rows=items)


def _cell(cell: Cell) -> str:
    text = cell.text.lstrip(" ")
    depth = (len(cell.text) - len(text)) // 2  # what belongs to the row above is indented by two spaces
    return "· " * depth + _escaped(text)


def _escaped(text: str) -> str:
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]}...{text[-half:]}"  # a name begins with its file and ends with what is special
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ").replace("\r", " ")
