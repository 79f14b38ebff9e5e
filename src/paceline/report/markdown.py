"""A document as compact Markdown: for a prompt, an issue, a chat. GitHub's job summary has its own file."""

from __future__ import annotations

import re

from paceline.report.document import Cell, Document, Note, Table

#: What Markdown or HTML takes for markup inside of a sentence or cell.
_MARKUP = re.compile(r"([\\*<>|\[\]])")


def render(document: Document) -> str:
    """Return `document` as Markdown."""
    parts = [f"# {_escaped(document.title)}"]
    for block in document.blocks:
        match block:
            case Table():
                parts.append(_table(block))
            case Note():
                parts.append(
                    "\n".join([_escaped(block.text), *(f"- {_escaped(item)}" for item in block.items)])
                )
    return "\n\n".join(parts) + "\n"


def _table(block: Table) -> str:
    header = "|".join(_escaped(column.name) for column in block.columns)
    rule = "|".join("--:" if column.numeric else "---" for column in block.columns)
    rows = ["|".join(_cell(cell) for cell in row) for row in block.rows]
    return "\n".join([f"## {_escaped(block.title)}", "", *(f"|{row}|" for row in (header, rule, *rows))])


def _cell(cell: Cell) -> str:
    text = cell.text.lstrip(" ")
    depth = (len(cell.text) - len(text)) // 2  # what belongs to the row above is indented by two spaces
    return "· " * depth + _escaped(text)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ").replace("\r", " ")
