"""The page: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import cast

from jinja2 import DictLoader, Environment, StrictUndefined

from paceline.model.page import SuiteView, TestView
from paceline.report.comparison_document import comparison_document
from paceline.report.document import Document
from paceline.report.explain_document import explain_document, headline
from paceline.report.html.charts import lane_paths, legend, marks
from paceline.report.html.embedded import embedded
from paceline.report.html.verdict import VERDICT_WORDS, verdict
from paceline.report.words import count, printable, seconds, share

_TEMPLATES = ("page.html.jinja", "suite.html.jinja", "blocks.html.jinja")


def render(suites: Sequence[SuiteView], made_at: datetime) -> str:
    """Return the page about `suites`, those that regressed first.

    Node ids, statements and everything else that was recorded are text to it, whatever they contain.
    """
    style, script, early = _asset("page.css"), _asset("page.js"), _asset("theme.js")
    verdicts = {suite.run_id: verdict(suite) for suite in suites}
    suites = sorted(suites, key=lambda suite: verdicts[suite.run_id].tone != "bad")
    data, shown = embedded(suites)
    text = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            suites=suites,
            verdicts=[verdicts[suite.run_id] for suite in suites],
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
    return VERDICT_WORDS.get(verdict or "", "")


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
