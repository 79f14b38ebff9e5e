"""A document as compact Markdown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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


def rows(number: int, text: str = "tests/t.py::test_one") -> Table:
    """Return a ranked table."""
    cells = tuple((Cell(text=f"{text}[{at}]"),) for at in range(number))
    return Table(title="Slowest", columns=(Column(name="Test"),), rows=cells)


def test_what_does_not_fit_is_cut_from_the_end_and_counted() -> None:
    """5,000 tests fit in a prompt, the worst of them first."""
    text = markdown.render(Document(title="Report", blocks=(Note(text="5,000 tests"), rows(5000))))

    shown = text.count("\n|tests/t.py::test_one")
    assert 3900 < len(text) <= markdown.SIZE
    assert text.endswith(f"\n\n... and {5000 - shown} more\n")
    assert "test_one\\[0\\]" in text


@given(sizes=st.lists(st.integers(0, 40), max_size=6), size=st.integers(20, 3000), text=st.text(max_size=400))
def test_no_document_is_longer_than_it_may_be(sizes: list[int], size: int, text: str) -> None:
    """However many tables and however long the names; all of it is there if it may be long enough."""
    blocks: tuple[Table | Note, ...] = (
        Note(text=text, items=(text,)),
        *(rows(number, text) for number in sizes),
    )
    document = Document(title="Report", blocks=blocks)

    assert len(markdown.render(document, size)) <= size
    assert "\n... and" not in markdown.render(document, 10**7)
