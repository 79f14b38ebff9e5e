"""Judges what was found with the project's budgets and the justifications in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from paceline.cli import git
from paceline.cli.cause_lines import with_lines
from paceline.compare.compare import compare
from paceline.compare.justified import Applied, apply
from paceline.compare.rules import Rules
from paceline.compare.trailer import from_text
from paceline.model.baseline import SuiteBaseline
from paceline.model.comparison import Comparison, Delta, Side
from paceline.model.justification import Justification
from paceline.model.profile import Profile
from paceline.model.run import Run
from paceline.report.comparison_document import groups, sentence

#: More files than this are not one cause any more, and each costs a call of git.
_MOST_FILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Comparisons with their justifications and commits.

    Attributes:
        malformed: trailers that don't say what they have to.
    """

    applied: Applied
    malformed: tuple[str, ...]


def judged(
    root: Path,
    comparisons: Sequence[Comparison],
    stored: Sequence[Justification],
    message: str,
    *,
    complete: bool,
) -> Judged:
    """Put commits and justifications beside the verdicts.

    Args:
        stored: justifications in the baseline.
        message: text of the pull request, which can hold more; commit messages can, too.
        complete: whether nobody asked for some of the suites only.
    """
    written, malformed = trailers(root, comparisons, message)
    placed = with_lines(root, comparisons)
    applied = apply(with_commits(root, placed), (*stored, *written), today(), complete=complete)
    return Judged(applied=applied, malformed=malformed)


def today() -> str:
    """Return the ISO 8601 date on which justifications are judged."""
    return datetime.now(UTC).date().isoformat()


def unjustified_counts(
    before: SuiteBaseline, found: Profile, runs: Sequence[Run], justifications: Sequence[Justification]
) -> tuple[str, ...]:
    """Return, a sentence per cause, why a profile must not silently replace the stored figures."""
    old = Side(label="the baseline", profile=before.profile)
    new = Side(label="this profile", profile=found, runs=tuple(runs))
    applied = apply([compare(old, new, Rules())], justifications, today())
    failures = [
        delta
        for comparison in applied.comparisons
        for delta in comparison.deltas
        if delta.is_failure and delta.evidence == "counted"
    ]
    return tuple(sentence(group.worst, group.size) for group in groups(failures))


def trailers(
    root: Path, comparisons: Sequence[Comparison], message: str
) -> tuple[tuple[Justification, ...], tuple[str, ...]]:
    """Return the justifications in `message` and in the commits since the base, and the malformed ones.

    Args:
        message: text of a pull request.
    """
    found, bad = from_text(message, "the pull request")
    bases = {comparison.revisions[0] for comparison in comparisons} - {None}
    for base in sorted(base for base in bases if base is not None):
        for author, text in git.messages(root, base):
            more, worse = from_text(text, author)
            found, bad = (*found, *more), (*bad, *worse)
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(bad))


def with_commits(root: Path, comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return `comparisons` with the commits that touched the files of each cause."""
    known: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def touching(comparison: Comparison, delta: Delta) -> Delta:
        before, after = comparison.revisions
        files = {cause.where.rpartition(":")[0] for cause in delta.causes if cause.where}
        if before is None or after is None or not delta.is_worse or not files:
            return delta
        found: list[str] = []
        for file in sorted(files):
            key = (before, after, file)
            if key not in known and len(known) < _MOST_FILES:
                commits = git.commits(root, before, after, (file,))
                known[key] = tuple(f"{commit.name} {commit.subject} ({commit.author})" for commit in commits)
            found.extend(known.get(key, ()))
        return replace(delta, commits=tuple(dict.fromkeys(found)))

    return tuple(
        replace(comparison, deltas=tuple(touching(comparison, delta) for delta in comparison.deltas))
        for comparison in comparisons
    )
