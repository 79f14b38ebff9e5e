"""A document as GitHub-flavoured Markdown, for a job summary."""

from __future__ import annotations

import re

from paceline.report.document import Cell, Document, Note, Table, Tone

_SIGNS: dict[Tone, str] = {"plain": "", "good": "✅ ", "bad": "❌ ", "warning": "⚠️ ", "dim": ""}
#: Everything that Markdown or HTML could take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$@-])")


def render(document: Document) -> str:
    """Return `document` as Markdown."""
    parts = [f"## {_escaped(document.title)}"]
    for block in document.blocks:
        match block:
            case Table():
                parts.append(_table(block))
            case Note():
                parts.append(_note(block))
    return "\n\n".join(parts) + "\n"


def _table(block: Table) -> str:
    header = "| " + " | ".join(_escaped(column.name) for column in block.columns) + " |"
    rule = "| " + " | ".join("---:" if column.numeric else "---" for column in block.columns) + " |"
    rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in block.rows]
    return "\n".join([f"### {_escaped(block.title)}", "", header, rule, *rows])


def _cell(cell: Cell) -> str:
    return f"{_SIGNS[cell.tone]}{_escaped(cell.text)}"


def _note(note: Note) -> str:
    lines = [f"{_SIGNS[note.tone]}{_escaped(note.text)}"]
    return "\n".join([*lines, *(["", *(f"- {_escaped(item)}" for item in note.items)] if note.items else [])])


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text).replace("\n", " ").replace("\r", " ")
