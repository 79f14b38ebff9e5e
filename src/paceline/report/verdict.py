"""Makes the verdict on a change from comparisons and profiles: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paceline.model.comparison import Comparison, Delta
from paceline.model.page import SuiteView
from paceline.model.profile import MEASURED_STATUSES, Profile
from paceline.model.run import Outcome
from paceline.model.verdict import STATES, State, SuiteFinding, SuiteVerdict, Verdict
from paceline.report.comparison_document import groups, row_texts
from paceline.report.words import because, count

#: More than these nobody reads, and the file has to stay small.
_MOST_FINDINGS = 20
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A suite of a change.

    Attributes:
        profile: None if no job left anything of it.
        comparison: None if there is nothing to compare with.
        reason: why there is no comparison.
        lines: node id to `file:line`, relative to the repository.
        prefix: folder of the project within its repository, with a slash at its end; empty for the top.
    """

    suite: str
    profile: Profile | None
    comparison: Comparison | None
    reason: str = ""
    lines: Mapping[str, str] = field(default_factory=dict[str, str])
    prefix: str = ""


def verdict_of(suites: Sequence[Judged], commit: str | None) -> Verdict:
    """Return the verdict on all suites, the worst first."""
    found = [_suite(one) for one in suites]
    return Verdict(
        commit=commit,
        suites=tuple(sorted(found, key=lambda one: (STATES.index(one.state), one.suite))),
    )


def verdict_of_view(view: SuiteView) -> SuiteVerdict:
    """Return the verdict on a suite that the page shows, in the words of every other format."""
    profile = Profile(
        suite=view.name,
        marker="",
        command="",
        status=view.status,
        reason=view.reason,
        outcomes=Counter(test.outcome for test in view.tests),
    )
    lines = {test.nodeid: f"{test.path}:{test.lineno + 1}" for test in view.tests if test.lineno is not None}
    judged = Judged(
        suite=view.name,
        profile=profile,
        comparison=view.comparison,
        reason=view.uncompared,
        lines=lines,
    )
    return replace(_suite(judged), wall=view.wall)


def place_of(delta: Delta, judged: Judged) -> str | None:
    """Return the `file:line` that a change is about: that of its cause, or else of its test."""
    named = next((cause.where for cause in delta.causes if cause.where), None)
    if named is not None:
        return f"{judged.prefix}{named}"
    if delta.key.subject != "test":
        return None
    return judged.lines.get(delta.key.name, f"{judged.prefix}{delta.key.name.partition('::')[0]}:1")


def _suite(one: Judged) -> SuiteVerdict:
    state = _state(one)
    found = groups(one.comparison.deltas) if one.comparison is not None else ()
    outcomes: Mapping[Outcome, int] = one.profile.outcomes if one.profile is not None else {}
    return SuiteVerdict(
        suite=one.suite,
        state=state,
        sentence=_cut(_sentence(one, state)),
        tests=sum(outcomes.values()),
        failed=sum(outcomes.get(outcome, 0) for outcome in ("failed", "error", "crashed")),
        wall=one.profile.wall_time.median if one.profile is not None and one.profile.wall_time else None,
        base=_cut(one.comparison.base) if one.comparison is not None else "",
        findings=tuple(_finding(one, group.worst, group.size) for group in found[:_MOST_FINDINGS]),
        more=max(0, len(found) - _MOST_FINDINGS),
        notes=tuple(map(_cut, _notes(one))),
    )


def _state(one: Judged) -> State:
    profile, comparison = one.profile, one.comparison
    if profile is None or profile.status not in MEASURED_STATUSES:
        provisioned = profile is None or profile.status != "not_provisioned"
        return "not_measured" if provisioned else "not_provisioned"
    deltas = comparison.deltas if comparison is not None else ()
    if any(delta.is_failure for delta in deltas):
        return "regressed"
    if profile.status == "tests_failed":
        return "tests_failed"
    if comparison is None:
        return "no_baseline"
    if comparison.selections or comparison.differences:
        return "not_comparable"
    return "justified" if any(delta.verdict == "regressed" for delta in deltas) else "passed"


def _sentence(one: Judged, state: State) -> str:
    profile, comparison = one.profile, one.comparison
    match state:
        case "not_measured" | "not_provisioned":
            return (
                "no job left a recording of it"
                if profile is None
                else because(profile.status, profile.reason)
            )
        case "tests_failed":
            return (profile.reason if profile is not None else None) or "tests failed"
        case "no_baseline":
            return one.reason or "there is nothing to compare with yet"
        case "not_comparable" if comparison is not None:
            return "; ".join(comparison.selections or ("times not compared", *comparison.differences))
        case _:
            return _counted(comparison.deltas if comparison is not None else ())


def _counted(deltas: Sequence[Delta]) -> str:
    words = Counter(_word(delta) for delta in deltas)
    known = ("regressed", "justified", "suspicious", "improved", "unchanged", "added", "removed")
    return ", ".join(f"{words[word]} {word}" for word in known if words[word]) or "nothing to compare"


def _word(delta: Delta) -> str:
    if delta.justification is not None:
        return "justified"
    return "suspicious" if delta.verdict == "inconclusive" else delta.verdict


def _notes(one: Judged) -> Sequence[str]:
    comparison = one.comparison
    if comparison is None:
        return ()
    differing = [f"times not compared: {reason}" for reason in comparison.differences]
    renamed = [f"{count(len(comparison.renamed), 'test')} renamed"] if comparison.renamed else []
    return (*differing, *renamed, *comparison.notes)[:10]


def _finding(one: Judged, delta: Delta, size: int) -> SuiteFinding:
    word, what, before, after, change, why = map(_cut, row_texts(delta, size))
    return SuiteFinding(
        word=word, what=what, before=before, after=after, change=change, why=why, where=place_of(delta, one)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
