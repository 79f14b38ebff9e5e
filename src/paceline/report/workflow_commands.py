"""Changes as GitHub's workflow commands: annotations beside the lines that they are about. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from paceline.model.comparison import Comparison, Delta
from paceline.model.verdict import State, SuiteVerdict, Verdict
from paceline.report.comparison_document import groups, sentence
from paceline.report.document import Note

#: GitHub shows ten of each kind per step and drops the others without a word.
_MOST = 10
#: States of a suite that an annotation without a place tells.
_LEVELS: dict[State, Literal["error", "warning", "notice"]] = {
    "not_provisioned": "error",
    "not_measured": "error",
    "tests_failed": "error",
    "not_comparable": "warning",
    "no_baseline": "notice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark on a line of the project.

    Attributes:
        where: `file:line` or `file`; None for a remark on the whole.
    """

    level: Literal["error", "warning", "notice"]
    text: str
    where: str | None = None


def render(
    comparisons: Sequence[Comparison], places: Mapping[str, str] | None = None, notes: Sequence[Note] = ()
) -> str:
    """Return an error for each regression and a warning for what is suspicious or can't be compared.

    Args:
        places: node id to `file:line`.
        notes: a warning each, such as on justifications that have expired.
    """
    said = [Annotation(level="warning", text=f"{note.text} {'; '.join(note.items)}") for note in notes]
    return _commands([*said, *_of_comparisons(comparisons, places or {})])


def render_verdict(verdict: Verdict) -> str:
    """Return annotations for each suite of `verdict`, the worst first."""
    return _commands([one for suite in verdict.suites for one in _of_suite(suite)])


def _of_comparisons(comparisons: Sequence[Comparison], places: Mapping[str, str]) -> Iterator[Annotation]:
    for comparison in comparisons:
        for group in groups(comparison.deltas):
            delta = group.worst
            if delta.is_failure or (delta.is_worse and delta.justification is None):
                level: Literal["error", "warning"] = "error" if delta.is_failure else "warning"
                where = _place(delta, places)
                yield Annotation(level=level, text=sentence(delta, group.size), where=where)
        for word, reasons in (
            ("not comparable", comparison.selections),
            ("inconclusive", comparison.undecided),
        ):
            if reasons:
                text = f"{comparison.suite}: {word}: {'; '.join(reasons)}"
                yield Annotation(level="warning", text=text)


def _place(delta: Delta, places: Mapping[str, str]) -> str | None:
    named = next((cause.where for cause in delta.causes if cause.where), None)
    if named is not None or delta.key.subject != "test":
        return named
    return delta.where or places.get(delta.key.name, delta.key.name.partition("::")[0])


def _of_suite(suite: SuiteVerdict) -> Iterator[Annotation]:
    level = _LEVELS.get(suite.state)
    if level is not None:
        words = suite.state.replace("_", " ")
        yield Annotation(level=level, text=f"{suite.suite}: {words}: {suite.sentence}")
    for one in suite.findings:
        if one.word in ("regressed", "suspicious"):
            why = f": {one.why}" if one.why else ""
            yield Annotation(
                level="error" if one.word == "regressed" else "warning",
                text=f"{one.what}: {one.before} → {one.after} ({one.change}){why}",
                where=one.where,
            )


def _commands(annotations: Sequence[Annotation]) -> str:
    order = ("error", "warning", "notice")
    found = sorted(annotations, key=lambda one: order.index(one.level))
    if len(found) > _MOST:
        left = len(found) - _MOST + 1
        more = Annotation(level=found[_MOST - 1].level, text=f"and {left} more; the job summary lists them")
        found = [*found[: _MOST - 1], more]
    return "".join(f"{_command(one)}\n" for one in found)


def _command(one: Annotation) -> str:
    place = ""
    if one.where is not None:
        file, _, line = one.where.rpartition(":")
        place = f"file={_property(file)},line={line}," if line.isdigit() else f"file={_property(one.where)},"
    return f"::{one.level} {place}title=Paceline::{_data(one.text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
