"""A document as GitHub-flavoured Markdown, for a job summary."""

from __future__ import annotations

import re
from dataclasses import replace

from paceline.report.document import Cell, Document, Note, Table, Tone

_SIGNS: dict[Tone, str] = {"plain": "", "good": "✅ ", "bad": "❌ ", "warning": "⚠️ ", "dim": ""}
#: A step whose summary is larger than a MiB has none at all.
LIMIT = 1_000_000
#: Everything that Markdown or HTML could take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$@-])")


def render(document: Document, limit: int = LIMIT) -> str:
    """Return `document` as Markdown of at most `limit` bytes; the longest table loses its last rows first."""
    text = _text(document)
    while len(text.encode(errors="replace")) > limit and any(_length(block) for block in document.blocks):
        longest = max(range(len(document.blocks)), key=lambda at: _length(document.blocks[at]))
        document = replace(
            document,
            blocks=tuple(
                _halved(block) if at == longest else block for at, block in enumerate(document.blocks)
            ),
        )
        text = f"{_text(document)}\n\\.\\.\\. and more: it did not all fit in here\n"
    return text


def _length(block: Table | Note) -> int:
    return len(block.rows if isinstance(block, Table) else block.items)


def _halved(block: Table | Note) -> Table | Note:
    kept = _length(block) // 2
    if isinstance(block, Table):
        return replace(block, rows=block.rows[:kept])
    return replace(block, items=block.items[:kept])


def _text(document: Document) -> str:
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
