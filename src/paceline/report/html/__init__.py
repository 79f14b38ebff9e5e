"""The page: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from itertools import zip_longest
from typing import cast

from jinja2 import DictLoader, Environment, StrictUndefined

from paceline.model.page import SuiteView, TestView
from paceline.model.verdict import STATES, SuiteFinding, SuiteVerdict, Verdict
from paceline.report.comparison_document import comparison_document
from paceline.report.document import Document
from paceline.report.explain_document import explain_document, headline
from paceline.report.html.charts import lane_paths, legend, marks
from paceline.report.html.embedded import embedded
from paceline.report.verdict import verdict_of_view
from paceline.report.verdict_words import HEADLINES, TONES
from paceline.report.words import VERDICTS, count, printable, seconds, share

#: As many as fit on a first screen.
_MOST_FINDINGS = 6
_UNJUDGED = "Where the time of your tests went"
_TEMPLATES = ("page.html.jinja", "suite.html.jinja", "blocks.html.jinja")


def render(suites: Sequence[SuiteView], made_at: datetime) -> str:
    """Return the page about `suites`, the worst first.

    Node ids, statements and everything else that was recorded are text to it, whatever they contain.
    """
    style, script, early = _asset("page.css"), _asset("page.js"), _asset("theme.js")
    judged = [(suite, verdict_of_view(suite)) for suite in suites]
    judged.sort(key=lambda pair: STATES.index(pair[1].state))
    suites, verdicts = [suite for suite, _ in judged], tuple(verdict for _, verdict in judged)
    data, shown = embedded(suites)
    text = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            suites=suites,
            verdicts=verdicts,
            headline=_headline(verdicts),
            wrong=_wrong(verdicts),
            tones=TONES,
            identity=_identity(suites),
            made_at=f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            policy=_policy(style=(style,), script=(early, script)),
            style=style,
            early=early,
            script=script,
            data=data,
            shown=shown,
            legend=legend,
            lane_paths=lane_paths,
            marks=marks,
            account_blocks=_blocks,
            changes=_changes,
            words=_words,
        )
    )
    return f"{text}\n"


def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: _asset(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_on_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, object]", environment.filters).update(
        seconds=seconds,
        share=share,
        count=count,
        headline=headline,
        statement=_statement,
        moment=_moment,
        worst=_worst,
    )
    return environment


def _on_one_line(value: object) -> object:
    """Show what isn't printable as escapes; it might turn the text around it, or be no Unicode at all."""
    return printable(value) if type(value) is str else value


def _words(verdict: str | None) -> str:
    return VERDICTS.get(verdict or "", "")


def _headline(verdicts: tuple[SuiteVerdict, ...]) -> str:
    """Return the verdict on all suites; without anything to judge, what the page is about."""
    worst = Verdict(suites=verdicts).worst
    if worst == "no_baseline":
        return _UNJUDGED
    text = HEADLINES[worst]
    return f"{text[0].upper()}{text[1:]}"


def _identity(suites: Sequence[SuiteView]) -> list[str]:
    """Return branch and commit, where all suites are of the same."""
    facts = [dict(suite.facts) for suite in suites]
    found = [{one.get(name, "") for one in facts} for name in ("Branch", "Commit")]
    return [text for (text, *others) in map(sorted, found) if text and not others]


def _wrong(verdicts: Sequence[SuiteVerdict]) -> tuple[list[tuple[str, SuiteFinding]], int]:
    """Return what regressed with its suite, in turns so that each suite is there; and how many more did."""
    regressed = [
        [(verdict.suite, one) for one in verdict.findings if one.word == "regressed"] for verdict in verdicts
    ]
    turns = [one for rank in zip_longest(*regressed) for one in rank if one is not None]
    shown = sorted(turns[:_MOST_FINDINGS], key=lambda pair: [one.suite for one in verdicts].index(pair[0]))
    return shown, len(turns) - len(shown)


def _statement(text: str) -> str:
    return " ".join(text.split())


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _blocks(suite: SuiteView) -> dict[str, object]:
    """Return the tables of the account by their titles."""
    found = explain_document(suite.account)
    return {title: block for block in found.blocks if (title := getattr(block, "title", None))}


def _worst(suite: SuiteView) -> list[TestView]:
    """Return the tests whose causes are told, those that got slower first, then the slowest."""
    told = [test for test in suite.tests if test.causes]
    return sorted(told, key=lambda test: (-test.worsened, -test.seconds))


def _changes(suite: SuiteView) -> Document | None:
    return comparison_document((suite.comparison,)) if suite.comparison is not None else None


def _asset(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: Sequence[str], script: Sequence[str]) -> str:
    """Return a Content-Security-Policy that lets nothing run but our own, and nothing be fetched."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hashes(style)}",
            f"script-src {_hashes(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hashes(texts: Sequence[str]) -> str:
    return " ".join(
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts
    )
