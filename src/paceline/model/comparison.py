"""What a comparison of two sides says about each series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from paceline.model.baseline import Anchor
from paceline.model.justification import Justification
from paceline.model.profile import Profile
from paceline.model.run import PhaseName, Run

COMPARISON_VERSION = 1

#: Metrics of series that are held against a fixed figure: seconds that were granted, and those of the anchor.
BUDGET, DRIFT = "budget", "drift"

Verdict = Literal["regressed", "improved", "unchanged", "inconclusive", "added", "removed", "not_comparable"]
#: `counted` repeats exactly, `timed` is judged by the noise model, `total` is a sum over many tests.
Evidence = Literal["counted", "timed", "total"]
Subject = Literal["suite", "part", "import", "fixture", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """What one series of measurements is about.

    Attributes:
        subject: kind of thing that was measured.
        name: node id of a test, name of a part of the session or of a fixture, module that is imported (with
            `.*` a package with all of its modules); empty for the whole suite.
        phase: of a test; None for anything else.
        metric: name of the metric.
    """

    suite: str
    subject: Subject
    name: str
    phase: PhaseName | None
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something below a series that grew with it.

    Attributes:
        text: what grew and by how much, in words.
        where: `file:line` of the project, relative to its root; None if unknown.
        seconds: by how much; None for what isn't timed.
    """

    text: str
    where: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One series on both sides, and the verdict on it.

    Attributes:
        unit: UCUM code of `before` and `after`.
        before: median of the base; None if it isn't known there.
        after: median of the candidate.
        ratio: after by before, at equal machine speed where `evidence` is `timed`.
        interval: two standard errors around the ratio.
        z: log ratio in standard errors; positive is slower.
        detectable: smallest ratio that would have been noticed.
        runs: how many runs the base and the candidate have.
        reason: in words, what the verdict rests on or why there is none.
        renamed_from: former node id of a test that was moved or whose parameters were renamed.
        causes: the largest first.
        commits: those between the revisions that touched the files of its causes, the newest first.
        justification: the one that covers it; None if nothing does.
        where: `file:line` of the test; None for anything else, or if unknown.
    """

    key: SeriesKey
    evidence: Evidence
    verdict: Verdict
    unit: str = "s"
    before: float | None = None
    after: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    z: float | None = None
    detectable: float | None = None
    runs: tuple[int, int] = (0, 0)
    reason: str | None = None
    renamed_from: str | None = None
    causes: tuple[Cause, ...] = ()
    commits: tuple[str, ...] = ()
    justification: Justification | None = None
    where: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether this series alone makes a comparison fail."""
        return self.verdict == "regressed" and self.justification is None

    @property
    def is_worse(self) -> bool:
        """Whether it grew, for sure or by the look of it."""
        grew = self.ratio is None or self.ratio > 1
        return self.verdict == "regressed" or (self.verdict == "inconclusive" and grew)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One suite of one side of a comparison.

    Attributes:
        label: where it came from, as a person named it.
        profile: its figures.
        runs: the runs behind them, in the order in which they were made; empty if only sums are left.
        notes: what the reader should know about it.
        anchor: what it took at a fixed point in its past; None if that is unknown.
    """

    label: str
    profile: Profile
    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One suite on both sides.

    Attributes:
        base: label of the base.
        candidate: label of the candidate.
        differences: what keeps times from being compared; empty if nothing does.
        selections: what keeps everything from being compared.
        undecided: why one of the sides could not be measured at all, so that there is no verdict.
        machine_factor: above 1 if the candidate's machine was slower; None if unknown.
        metric: the time that single tests were judged on.
        renamed: new node id to the former one.
        changed_tests: tests whose own source is not the same.
        revisions: commits of base and candidate; None where unknown.
        notes: further sentences for the reader.
    """

    suite: str
    base: str
    candidate: str
    deltas: tuple[Delta, ...] = ()
    differences: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    machine_factor: float | None = None
    metric: str | None = None
    revisions: tuple[str | None, str | None] = (None, None)
    renamed: Mapping[str, str]
    changed_tests: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
