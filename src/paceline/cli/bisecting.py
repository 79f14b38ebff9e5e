"""What a bisection looks for, and from where on, where nobody has said it in full."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from paceline.cli.runs import recorded
from paceline.config import Config, Suite
from paceline.errors import NoRunsError, RevisionError, UnknownSuiteError, UnknownTargetError
from paceline.explain.targets import meant, named, unknown
from paceline.model.account import Subject
from paceline.model.run import Run
from paceline.paired.tree import between, fork_point, resolve
from paceline.store.baseline_file import read_baseline


def target_of(root: Path, config: Config, target: str, suite: str | None) -> tuple[Suite, Subject]:
    """Return the suite and what in it `target` means: a test, a fixture, a file or the suite itself.

    The last run of each suite says what there is; a whole node id needs none.

    Raises:
        UnknownTargetError: nothing is called so.
        AmbiguousTargetError: more than one thing is.
        UnknownSuiteError: it is not known in which suite it is.
    """
    runs: list[Run] = []
    with suppress(NoRunsError):
        runs = [run for run in recorded(root, None) if suite in (None, run.header.suite)]
    for find in (named, meant):
        for run in runs:
            subject = find(run, target)
            if subject is not None:
                return _suite(config, suite or run.header.suite), subject
    if target in {one.name for one in config.suites}:
        return config.suite(target), Subject(kind="run", name=target)
    if (root / target.partition("::")[0]).is_file():
        return _suite(config, suite), Subject(kind="test" if "::" in target else "file", name=target)
    if runs:
        raise unknown(runs, target)
    raise UnknownTargetError(
        f"nothing is known that is called {target!r}",
        hint="Write the whole node id, such as tests/test_orders.py::test_list, or record a run first.",
    )


def good_revision(root: Path, config: Config, suite: str, bad: str) -> str:
    """Return where to search from: the revision of the stored figures, else where `bad` left main.

    Raises:
        RevisionError: there is neither.
    """
    stored = read_baseline(root / config.output)
    profile = stored.suites[suite].profile if stored is not None and suite in stored.suites else None
    if profile is not None and profile.revision is not None:
        with suppress(RevisionError):
            if between(root, profile.revision.commit, bad):
                return profile.revision.commit
    try:
        return fork_point(root, config.gate.base, resolve(root, bad))
    except RevisionError as error:
        raise RevisionError(
            f"it is not known when it was fast: {error.message}", hint="Name such a commit with --good."
        ) from error


def _suite(config: Config, name: str | None) -> Suite:
    if name is not None:
        return config.suite(name)
    if len(config.suites) == 1:
        return config.suites[0]
    raise UnknownSuiteError(
        "there are several suites",
        hint=f"Say which one the test is in: --suite {' or '.join(suite.name for suite in config.suites)}.",
    )
