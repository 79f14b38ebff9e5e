"""One comparison in every format: the same numbers and words, whoever reads them."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from tests.cli.test_compare import run, sides
from tests.harness.project import Project

__all__ = ["sides"]
_ROW = "tests/t.py::test_query: sql statements"
_FIGURES = ("12", "412", "+3333%")
#: What a format writes before a character that it could take for markup.
_ESCAPES = re.compile(r"\\(?=[\W_])")


def _table_row(text: str) -> list[str]:
    """Return the cells of the row about the test, in a Markdown table."""
    [row] = [line for line in text.splitlines() if _ROW in line and "|" in line][:1]
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.fixture
def said(sides: Project) -> dict[str, str]:
    """The comparison of the same two files in each format."""
    found = {
        form: run(sides, "compare", "old.json", "new.json", "--format", form).stdout
        for form in ("text", "json", "markdown")
    }
    summary = sides.root / "summary.md"
    github = run(
        sides, "compare", "old.json", "new.json", "--format", "github", GITHUB_STEP_SUMMARY=str(summary)
    )
    return {**found, "annotations": github.stdout, "summary": summary.read_text(encoding="utf-8")}


def test_the_counts_of_verdicts_are_the_same(said: dict[str, str]) -> None:
    """Terminal, Markdown and summary count what JSON lists."""
    [comparison] = json.loads(said["json"])["comparisons"]
    verdicts = [delta["verdict"] for delta in comparison["deltas"]]
    words = (
        f"fast: {verdicts.count('regressed')} regressed, {verdicts.count('inconclusive')} suspicious, "
        f"{verdicts.count('unchanged')} unchanged"
    )

    for form in ("text", "markdown", "summary"):
        assert words in _ESCAPES.sub("", said[form]), form


def test_a_change_is_told_in_the_same_figures(said: dict[str, str]) -> None:
    """Before, after and how much, rounded alike; JSON has them unrounded."""
    [comparison] = json.loads(said["json"])["comparisons"]
    [delta] = [one for one in comparison["deltas"] if one["key"]["metric"] == "sql_statements"]

    assert (f"{delta['before']:g}", f"{delta['after']:g}", f"{delta['ratio'] - 1:+.0%}") == _FIGURES
    [line] = [line for line in said["text"].splitlines() if _ROW in line]
    assert line.split()[:1] == ["regressed"]
    assert tuple(line.partition("statements")[2].split()[:3]) == _FIGURES
    for form in ("markdown", "summary"):
        cells = _table_row(_ESCAPES.sub("", said[form]))
        assert cells[0].endswith("regressed"), form
        assert tuple(cells[2:5]) == _FIGURES, form
    annotation = unescape(said["annotations"].replace("%25", "%"))
    assert f"{_ROW}: 12 → 412 (+3333%)" in annotation
