"""Numbers as people read them, and documents as they are rendered."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from paceline.report import github
from paceline.report.document import Cell, Column, Document, Note, Table
from paceline.report.terminal import print_document
from paceline.report.words import DASH, count, printable, relative, seconds, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, DASH),
        (0.0000123, "12 µs"),
        (0.0123, "12.3 ms"),
        (1.234, "1.23 s"),
        (105.4, "105 s"),
        (125.0, "2 min 05 s"),
        (3599.7, "60 min 00 s"),
    ],
)
def test_durations_have_a_fitting_unit(value: float | None, text: str) -> None:
    """Three digits are enough, and unknown is a dash."""
    assert seconds(value) == text


def test_other_words() -> None:
    """Shares, ratios and counts."""
    assert (share(1, 4), share(0, 0)) == ("25%", DASH)
    assert (relative(1.5), relative(0.5), relative(None)) == ("+50%", "-50%", DASH)
    assert (count(1, "test"), count(2, "test")) == ("1 test", "2 tests")


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=40)


def _document(text: str) -> Document:
    table = Table(title=text, columns=(Column(name="a"),), rows=((Cell(text=text),),))
    return Document(title=text, blocks=(table, Note(text=text, items=(text,))))


@given(HOSTILE)
def test_no_text_becomes_markup_on_github(text: str) -> None:
    """Every angle bracket, pipe and backtick is escaped, and a row stays a row."""
    rendered = github.render(_document(text))

    bare = rendered.replace("\\\\", "").replace("\\<", "").replace("\\`", "").replace("\\|", "")
    assert "<" not in bare
    assert "`" not in bare
    assert sum(line.startswith("| ") for line in rendered.split("\n")) == 3


@given(HOSTILE)
def test_a_name_is_printed_on_one_line(text: str) -> None:
    """Control characters can neither move the cursor nor break the table."""
    shown = printable(text)

    assert shown.isprintable()
    assert len(shown) >= len(text)


def test_square_brackets_are_text_on_a_terminal() -> None:
    """A parametrized node id is not rich's markup."""
    screen = io.StringIO()

    print_document(_document("test[bold]"), Console(file=screen, width=80))

    assert screen.getvalue().count("test[bold]") == 4
