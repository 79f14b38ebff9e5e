"""What the page says of a suite before anything else: pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from paceline.model import comparison
from paceline.model.page import SuiteView
from paceline.report.comparison_document import comparison_document
from paceline.report.document import Table, Tone
from paceline.report.words import because, count, seconds

VERDICT_WORDS: dict[str, str] = {
    "regressed": "regressed",
    "inconclusive": "suspicious",
    "improved": "improved",
    "unchanged": "unchanged",
    "added": "added",
    "removed": "removed",
    "not_comparable": "not comparable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A word that can be seen from afar, and a sentence.

    Attributes:
        worst: what regressed most, and why; empty if nothing did.
    """

    word: str
    tone: Tone
    text: str
    worst: str = ""


def verdict(suite: SuiteView) -> Verdict:
    """Return whether `suite` got slower, or else whether it was measured at all."""
    if suite.status not in ("measured", "tests_failed"):
        words = suite.status.replace("_", " ")
        return Verdict(word=words, tone="warning", text=because(suite.status, suite.reason))
    if suite.comparison is not None:
        return _compared(suite.comparison)
    size = f"{count(len(suite.tests), 'test')}, {seconds(suite.wall or suite.account.seconds)}"
    if suite.status == "tests_failed":
        return Verdict(word="tests failed", tone="bad", text=f"{size}; {suite.reason}")
    return Verdict(word="measured", tone="plain", text=size)


def _compared(found: comparison.Comparison) -> Verdict:
    verdicts: Counter[comparison.Verdict] = Counter(delta.verdict for delta in found.deltas)
    failures = sum(delta.is_failure for delta in found.deltas)
    justified = verdicts["regressed"] - failures
    sides = f"{found.base} → {found.candidate}"
    if failures:
        text = f"{failures} for sure, {_rest(verdicts)}; {sides}"
        return Verdict(word="regressed", tone="bad", text=text, worst=_worst(found))
    if found.selections:
        return Verdict(word="not comparable", tone="warning", text=f"{found.selections[0]}; {sides}")
    if justified:
        return Verdict(word="justified", tone="warning", text=f"{count(justified, 'change')}; {sides}")
    if not found.deltas:
        return Verdict(word="nothing to compare", tone="warning", text=sides)
    return Verdict(word="no regression", tone="good", text=f"{_rest(verdicts)}; {sides}")


def _rest(verdicts: Counter[comparison.Verdict]) -> str:
    shown: tuple[comparison.Verdict, ...] = ("inconclusive", "improved", "unchanged")
    return ", ".join(f"{verdicts[key]} {VERDICT_WORDS[key]}" for key in shown if verdicts[key]) or "no other"


def _worst(found: comparison.Comparison) -> str:
    """Return the first row of what changed, as a sentence."""
    for block in comparison_document((found,)).blocks:
        if isinstance(block, Table) and block.rows:
            _, what, before, after, *_, why = (cell.text for cell in block.rows[0])
            return f"{what}: {before} → {after}{f', {why}' if why else ''}"
    return ""
