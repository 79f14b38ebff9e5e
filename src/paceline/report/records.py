"""What each command says to programs: the records behind `--format json`, beside those of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from paceline.model.account import Account
from paceline.model.calibration import SuiteCalibration
from paceline.model.comparison import Comparison, Delta
from paceline.model.diagnosis import Diagnosis
from paceline.model.justification import Justification
from paceline.model.page import SuiteView
from paceline.model.ranking import Ranking
from paceline.model.run import Run
from paceline.model.verdict import Verdict
from paceline.report.profile_document import SuiteReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRecord:
    """The verdicts on all suites.

    Attributes:
        comparisons: with every series.
        expired_justifications: those whose last day is over; they cover nothing.
        unmatched_justifications: those that no change was found for.
        malformed_justifications: lines of messages that were meant to be justifications.
    """

    comparisons: tuple[Comparison, ...]
    expired_justifications: tuple[Justification, ...]
    unmatched_justifications: tuple[Justification, ...]
    malformed_justifications: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord:
    """What a profile has measured.

    Attributes:
        suites: in the order in which they were profiled.
        baseline: path of the file that the figures were merged into.
        against: the verdicts of `--against`; None without it.
    """

    suites: tuple[SuiteReport, ...]
    baseline: str
    against: ComparisonRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """What the page shows."""

    suites: tuple[SuiteView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JustifyRecord:
    """The justifications after a change.

    Attributes:
        baseline: path of the file that holds them.
        justifications: all of them.
        matched: whether the new one stands for anything in the baseline; None after `--remove`.
    """

    baseline: str
    justifications: tuple[Justification, ...]
    matched: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSuite:
    """A suite whose newest figures were to become the baseline.

    Attributes:
        accepted: whether they did.
        reason: why not; None if they did.
        regressions: what was taken over, worst first, in words.
    """

    suite: str
    accepted: bool
    reason: str | None = None
    regressions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRecord:
    """What became the baseline.

    Attributes:
        baseline: path of the file.
    """

    baseline: str
    suites: tuple[AcceptedSuite, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectRecord:
    """Where the search for a commit ended.

    Attributes:
        answer: `found`; `not_slower`: the bad revision is as fast as the good one; `no_commits`: there is
            none between them.
        commits: those that made it slower, oldest first; more than one where some could not be run
            apart.
        asked: how many commits were run in the search.
        delta: the series of the target in the oldest commit that is slow for sure; None if nothing was found.
    """

    target: str
    good: str
    bad: str
    answer: Literal["found", "not_slower", "no_commits"]
    commits: tuple[str, ...] = ()
    asked: int = 0
    delta: Delta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateRecord:
    """The noise of each suite that was calibrated.

    Attributes:
        path: of the file that holds the figures.
    """

    suites: Mapping[str, SuiteCalibration]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRecord:
    """What became of the comment on a pull request.

    Attributes:
        posted: whether it stands there now.
        outcome: where it stands, or why there is none.
        text: its Markdown; empty if there is nothing to say.
    """

    posted: bool
    outcome: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecord:
    """What was fetched from the history, or added to it.

    Attributes:
        runs: how many run files there were to fetch or to add.
        moved: how many of them were.
    """

    branch: str
    runs: int
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file that a project lacks, or that lacks something.

    Attributes:
        path: relative to the project.
        what: what is added.
        is_new: whether the file is.
        diff: a unified diff.
    """

    path: str
    what: str
    is_new: bool
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRecord:
    """What a project needs to be set up.

    Attributes:
        found: pairs of what was looked for and what was found.
        files: empty if nothing is missing.
        written: whether they are; without `--yes` they are not.
    """

    found: tuple[tuple[str, str], ...]
    files: tuple[PlannedFile, ...]
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a command ended without a result.

    Attributes:
        slug: its anchor in the reference page about errors; `usage` and `interrupted` have none.
        message: what is wrong and where.
        hint: what can be done about it; empty where nothing is known.
        exit_code: of the command.
    """

    slug: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRecord:
    """What any command says instead, if it ends with an error."""

    error: Problem


#: Command to what it says to programs.
RECORDS: Mapping[str, type] = {
    "baseline accept": AcceptRecord,
    "bisect": BisectRecord,
    "calibrate": CalibrateRecord,
    "comment": CommentRecord,
    "compare": ComparisonRecord,
    "doctor": Diagnosis,
    "explain": Account,
    "export": Run,
    "gate": ComparisonRecord,
    "history fetch": HistoryRecord,
    "history push": HistoryRecord,
    "init": InitRecord,
    "justify": JustifyRecord,
    "merge": ProfileRecord,
    "profile": ProfileRecord,
    "report": ReportRecord,
    "top": Ranking,
    "verdict": Verdict,
}
