"""A document as compact Markdown."""

from __future__ import annotations

from paceline.report import markdown
from paceline.report.document import Cell, Column, Document, Note, Table


def test_a_document_is_headings_sentences_and_tables() -> None:
    """What belongs to the row above is marked, and nothing in a cell can end it."""
    document = Document(
        title="Where the time went",
        blocks=(
            Note(text="2.61 s", items=("first", "second")),
            Table(
                title="Parts",
                columns=(Column(name="Seconds", numeric=True), Column(name="Spent on")),
                rows=(
                    (Cell(text="2 s"), Cell(text="fixture `db`")),
                    (Cell(text="1 s"), Cell(text="  a|b <i> *c*\n")),
                ),
            ),
        ),
    )

    assert markdown.render(document) == (
        "# Where the time went\n\n2.61 s\n- first\n- second\n\n"
        "## Parts\n\n|Seconds|Spent on|\n|--:|---|\n|2 s|fixture `db`|\n|1 s|· a\\|b \\<i\\> \\*c\\* |\n"
    )
