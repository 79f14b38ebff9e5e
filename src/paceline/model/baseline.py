"""The figures that a project commits and reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paceline.model.justification import Justification
from paceline.model.profile import Attempt, Profile, SlowTest

BASELINE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a suite took at a fixed point in its past, so that many small steps can't go unseen.

    Attributes:
        recorded_at: ISO 8601 time of the run.
        commit: full hash of its revision; None if unknown.
        python: version of the interpreter.
        workers: number of pytest-xdist workers.
        metric: the time that was taken.
        total: seconds of all tests together.
        tests: node id to seconds, of tests that are long enough to be followed one by one.
    """

    recorded_at: str
    commit: str | None
    python: str
    cpu_model: str | None
    workers: int
    metric: str
    total: float
    tests: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteBaseline:
    """One suite in the baseline.

    Attributes:
        profile: the figures, or why there are none.
        slow_tests: sorted by node id and phase, so that a diff shows changed numbers in place.
        anchor: stays when the figures are replaced, until somebody moves it.
        last_attempt: a later attempt that gave no figures; None if `profile` is the latest.
    """

    profile: Profile
    slow_tests: tuple[SlowTest, ...] = ()
    last_attempt: Attempt | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline file.

    Attributes:
        generated_at: ISO 8601 time of the last change; None if the file doesn't say.
        justifications: slowdowns that were accepted in writing, by target.
    """

    generated_at: str | None
    suites: Mapping[str, SuiteBaseline]
    justifications: tuple[Justification, ...] = ()
