"""Each state of a verdict looks different, in summary, comment and page; and all of it fits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.harness.pages import page_of, some_run, view_of

from paceline.model.comparison import Cause, Comparison, Delta, SeriesKey
from paceline.model.justification import Justification
from paceline.model.page import SuiteView
from paceline.model.verdict import STATES, State, SuiteFinding, SuiteVerdict, Verdict
from paceline.report import code_quality, github, verdict_markdown, workflow_commands
from paceline.report.document import Cell, Column, Document, Note, Table
from paceline.report.verdict import verdict_of_view
from paceline.report.verdict_words import HEADLINES

#: What GitHub takes of a step's summary, and what we allow a comment of 65,536 characters.
SUMMARY, COMMENT = 1024 * 1024, 60_000


def compared(**changes: object) -> Comparison:
    """Return a comparison without a change."""
    found = Comparison(
        suite="schema", base="the history", candidate="this run", deltas=(), differences=(), renamed={}
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # whatever a comparison takes


def slower(justification: Justification | None = None) -> Delta:
    """Return a test with more statements."""
    return Delta(
        key=SeriesKey(
            suite="schema", subject="test", name="t.py::test_a", phase="call", metric="sql_statements"
        ),
        evidence="counted",
        verdict="regressed",
        unit="1",
        before=2,
        after=40,
        ratio=20,
        causes=(Cause(text="38 statements now: SELECT 1", where="app.py:3"),),
        justification=justification,
    )


def views() -> dict[State, SuiteView]:
    """Return a suite in each state."""
    plain = view_of(some_run())
    written = Justification(target="*", reason="the category is worth it", owner="ann")
    return {
        "regressed": replace(plain, comparison=compared(deltas=(slower(),))),
        "not_provisioned": replace(plain, status="not_provisioned", reason="no PostgreSQL", tests=()),
        "not_measured": replace(plain, status="crashed", reason="signal 9", tests=()),
        "tests_failed": replace(plain, status="tests_failed", reason="2 failed", comparison=compared()),
        "justified": replace(plain, comparison=compared(deltas=(slower(written),))),
        "not_comparable": replace(plain, comparison=compared(selections=("other tests were selected",))),
        "no_baseline": plain,
        "passed": replace(plain, comparison=compared()),
    }


def test_every_state_has_a_suite_here() -> None:
    """A state that is added must be shown, too."""
    assert STATES == tuple(verdict_of_view(view).state for view in views().values())


def test_no_two_states_look_alike_in_summary_and_comment() -> None:
    """Heading, sign and words; a suite that needs somebody is unfolded."""
    heads, rows = set(), set()
    for state, view in views().items():
        verdict = Verdict(suites=(verdict_of_view(view),))
        text = verdict_markdown.render(verdict, SUMMARY)
        assert text == verdict_markdown.render(verdict, COMMENT)
        head, row = text.splitlines()[0], text.splitlines()[4]
        assert HEADLINES[state] in head
        assert f" {state.replace('_', ' ')} | `schema` |" in row
        assert head.split()[1] == row.split()[1], "the sign of the heading is that of the suite"
        heads.add(head)
        rows.add(row.split()[1])
        assert ("<details open>" in text) == (state == "regressed")
    assert (len(heads), len(rows)) == (len(STATES), len(STATES))


def test_no_two_states_look_alike_on_the_page() -> None:
    """The first line says it, the card has words and a look of its own, and other formats say the same."""
    looks, words = set(), set()
    for state, view in views().items():
        page = page_of(view)
        [(look, said)] = re.findall(r'<a class="card ([\w -]+)".*?<strong>([\w ]+)</strong>', page)
        assert said == state.replace("_", " ")
        looks.add(look)
        words.add(re.findall("<h1>(.*?)</h1>", page)[0])
        assert verdict_of_view(view).sentence.replace("'", "&#39;") in page
    assert (len(looks), len(words)) == (len(STATES), len(STATES))


def test_annotations_and_code_quality_tell_the_states_apart() -> None:
    """What passed needs none; a regression stands at the line of its cause."""
    said = {
        state: workflow_commands.render_verdict(Verdict(suites=(verdict_of_view(view),)))
        for state, view in views().items()
    }
    silent = {state for state, text in said.items() if not text}
    assert silent == {"justified", "passed"}
    assert said["regressed"].startswith("::error file=app.py,line=3,title=Paceline::t.py%3A%3Atest_a") or (
        said["regressed"].startswith("::error file=app.py,line=3,title=Paceline::t.py::test_a")
    )
    assert len(set(said.values())) == len(STATES) - 1
    checks = re.findall(
        r'"check_name": "([\w-]+)"',
        "".join(code_quality.render(Verdict(suites=(verdict_of_view(one),))) for one in views().values()),
    )
    assert len(set(checks)) == len(checks) == len(STATES) - 2


def large(suites: int = 30, findings: int = 20) -> Verdict:
    """Return a verdict in which everything is as long as it may be."""
    finding = SuiteFinding(
        word="regressed",
        what="ü" * 400,
        before="1",
        after="2",
        change="+100%",
        why="é|`" * 133,
        where="a.py:1",
    )
    return Verdict(
        suites=tuple(
            SuiteVerdict(
                suite=f"suite{number}",
                state="regressed",
                sentence="s" * 400,
                findings=(finding,) * findings,
                notes=("n" * 400,) * 10,
            )
            for number in range(suites)
        )
    )


@pytest.mark.parametrize("limit", [SUMMARY, COMMENT, 5_000])
def test_a_verdict_is_cut_to_what_github_takes(limit: int) -> None:
    """The worst suite stays, and what was left out is said."""
    text = verdict_markdown.render(large(), limit)

    assert len(text.encode()) <= limit
    assert "`suite0`" in text
    assert "more." in text or "did not fit" in text
    assert text.count("<details") == text.count("</details>")


def test_the_summary_of_a_profile_is_cut_to_what_github_takes() -> None:
    """A table of too many rows loses its last ones, and says so."""
    rows = tuple((Cell(text=f"row {number}" + "x" * 500),) for number in range(5_000))
    table = Table(title="Large", columns=(Column(name="Test"),), rows=rows)
    document = Document(title="Paceline", blocks=(table, Note(text="the end")))

    text = github.render(document)

    assert SUMMARY / 4 < len(text.encode()) <= SUMMARY
    assert "row 0x" in text
    assert "the end" in text
    assert text.endswith("it did not all fit in here\n")


def test_ten_annotations_at_most_and_the_last_says_how_many_more() -> None:
    """GitHub would drop the others without a word."""
    lines = workflow_commands.render_verdict(large(suites=3, findings=5)).splitlines()

    assert len(lines) == 10
    assert lines[-1] == "::error title=Paceline::and 6 more; the job summary lists them"
    assert lines[0].startswith("::error file=a.py,line=1,")
