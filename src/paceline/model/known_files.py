"""Which files hold a suite's tests, as an earlier profile found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSuite:
    """What one suite's last complete collection has taught.

    Attributes:
        holding: test files that hold tests of the suite, relative to the project.
        digests: every file that has a say in what is selected, with a digest of what matters in it.
        patterns: pytest's `python_files`.
        test_paths: pytest's `testpaths`, where it looks when no path is named; may hold patterns.
        selected_by: the arguments that select the suite's tests.
    """

    holding: tuple[str, ...]
    digests: Mapping[str, str]
    patterns: tuple[str, ...]
    test_paths: tuple[str, ...] = ()
    selected_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFiles:
    """What is known of every suite of a project."""

    suites: Mapping[str, KnownSuite] = field(default_factory=dict[str, KnownSuite])
