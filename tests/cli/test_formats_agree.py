"""One comparison in every format: the same numbers and words, whoever reads them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from tests.cli.test_compare import run
from tests.cli.test_explain import store
from tests.harness.costs import FILE, a_run, a_test, operation, phase
from tests.harness.project import Project

from paceline.model.metric import Metric

_ROW = f"{FILE}::test_query: sql statements"
_FIGURES = ("12", "412", "+3333%")
_WHY = "1 ms more: 400 statements instead of 0: SELECT x from app.py:3"
#: What a format writes before a character that it could take for markup.
_ESCAPES = re.compile(r"\\(?=[\W_])")


def _table_row(text: str) -> list[str]:
    """Return the cells of the row about the test, in a Markdown table."""
    [row] = [line for line in text.splitlines() if _ROW in line and "|" in line][:1]
    return [cell.strip() for cell in row.strip("|").split("|")]


def _stored(project: Project, name: str, queries: int) -> str:
    """Store a run of a test that sends so many statements, among others that are as they were."""
    known = [operation("sql", 0.001, what="SELECT 1", where="app.py:1", count=12)]
    more = [operation("sql", 0.001, what="SELECT x", where="app.py:3", count=queries - 12)]
    call = phase("call", 0.01, sql_statements=queries, operations=[*known, *(more if queries > 12 else [])])
    others = [a_test(f"test_crowd_{at}", phase("call", 0.01)) for at in range(20)]
    found = a_run(a_test("test_query", call), *others)
    counted = Metric(name="sql_statements", unit="1", noise="counted")
    header = replace(found.header, metrics=(*found.header.metrics, counted))
    store(project, replace(found, header=header), name)
    return f".paceline/runs/{name}.jsonl.gz"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The comparison of the same two runs in each format."""
    project = Project(tmp_path_factory.mktemp("sides"))
    project.configure("")
    old = _stored(project, "20260101T000000.000Z-schema-r1-00000000", 12)
    new = _stored(project, "20260102T000000.000Z-schema-r1-00000001", 412)
    summary = project.root / "summary.md"
    said = {
        form: run(project, "compare", old, new, "--format", form, GITHUB_STEP_SUMMARY=str(summary)).stdout
        for form in ("text", "json", "markdown", "github")
    }
    for form, name in (("html", "page.html"), ("markdown", "report.md")):
        done = run(project, "report", new, "--against", old, "--format", form, "--output", name)
        assert done.returncode == 0, done.stderr
    return {
        **said,
        "annotations": unescape(said["github"].replace("%25", "%")),
        "summary": _ESCAPES.sub("", summary.read_text(encoding="utf-8")),
        "markdown": _ESCAPES.sub("", said["markdown"]),
        "report": _ESCAPES.sub("", (project.root / "report.md").read_text(encoding="utf-8")),
        "page": _shown(project.root / "page.html"),
    }


def _shown(page: Path) -> str:
    """Return the text of a page, cells apart, without what only scripts read."""
    text = re.sub(r"<(style|script)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " | ", text)))


def test_the_counts_of_verdicts_are_the_same(said: dict[str, str]) -> None:
    """Terminal, Markdown and summary count what JSON lists."""
    [comparison] = json.loads(said["json"])["comparisons"]
    verdicts = [delta["verdict"] for delta in comparison["deltas"]]
    words = f"schema: {verdicts.count('regressed')} regressed, {verdicts.count('unchanged')} unchanged"
    assert "1 regressed" in words

    for form in ("text", "markdown", "summary", "report", "page"):
        assert words in said[form], form
    card = words.removeprefix("schema: ")
    assert f"| schema | | regressed | | {card} |" in said["page"], "the card says it as well"


def test_a_change_is_told_in_the_same_figures(said: dict[str, str]) -> None:
    """Before, after, how much and why, rounded alike; JSON has them unrounded."""
    [comparison] = json.loads(said["json"])["comparisons"]
    [delta] = [one for one in comparison["deltas"] if one["key"]["metric"] == "sql_statements"]

    assert (f"{delta['before']:g}", f"{delta['after']:g}", f"{delta['ratio'] - 1:+.0%}") == _FIGURES
    assert [f"1 ms more: {cause['text']} from {cause['where']}" for cause in delta["causes"]] == [_WHY]
    [line] = [line for line in said["text"].splitlines() if _ROW in line]
    assert line.split()[:1] == ["regressed"]
    assert tuple(line.partition("statements")[2].split()[:3]) == _FIGURES
    assert line.rstrip().endswith(_WHY)
    for form in ("markdown", "summary", "report"):
        cells = _table_row(said[form])
        assert cells[0].endswith("regressed"), form
        assert tuple(cells[2:5]) == _FIGURES, form
        assert cells[-1] == _WHY, form
    row = re.escape(" | | ".join(("regressed", _ROW, *_FIGURES)))
    assert re.search(rf"{row} \| \| .{{0,30}}{re.escape(_WHY)}", said["page"])
    assert "::error file=app.py,line=3," in said["annotations"]
    assert f"{_ROW}: 12 → 412 (+3333%): {_WHY}" in said["annotations"]
