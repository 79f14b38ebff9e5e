"""Finds the two sides of a comparison: baseline files, also of a git revision, run files, folders of runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paceline.cli import git
from paceline.compare.strata import alike
from paceline.config import Config
from paceline.errors import UnreadableFileError
from paceline.model.baseline import Baseline
from paceline.model.comparison import Side
from paceline.model.run import Run
from paceline.profile.aggregate import aggregate
from paceline.store.any_run import read_any_run, run_format
from paceline.store.baseline_file import parse_baseline, read_baseline
from paceline.store.run_file import SUFFIX
from paceline.store.state_folder import NAME as STATE

_RUN_FILES = (SUFFIX, f"{SUFFIX}.gz")
#: How a suite is called that a run doesn't name.
NO_SUITE = "tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that one argument stands for.

    Attributes:
        baseline: the file, if it is one.
        runs: suite to its runs, in the order in which they were made.
    """

    label: str
    baseline: Baseline | None = None
    runs: Mapping[str, tuple[Run, ...]]

    @property
    def suites(self) -> tuple[str, ...]:
        """The names of the suites, sorted."""
        return tuple(sorted(self.baseline.suites if self.baseline is not None else self.runs))

    def side(self, suite: str, like: Run | None = None) -> Side:
        """Return the figures of a suite.

        Args:
            like: only runs made under the conditions of this one; None: of the newest.
        """
        if self.baseline is not None:
            stored = self.baseline.suites[suite]
            return Side(label=self.label, profile=stored.profile, anchor=stored.anchor)
        runs, notes = alike(self.runs[suite], like or self.runs[suite][-1])
        arguments = runs[-1].header.arguments
        if runs[-1].header.environment is None:
            notes = (*notes, f"{self.label} doesn't say on which machine it was made")
        # An imported run doesn't say how it was started, either.
        command = command_of(arguments.command_line) if runs[-1].header.environment is not None else ""
        profile = aggregate(suite, arguments.marker_expression, command, runs)
        return Side(label=self.label, profile=profile, runs=runs, notes=notes)


def find(text: str, root: Path) -> Found:
    """Return what `text`, a path or `REVISION:` or `REVISION:PATH`, stands for.

    Raises:
        UnreadableFileError: there is nothing, or something else.
    """
    path = root / text
    if path.is_dir():
        return _folder(text, path)
    if path.exists():
        return _file(text, path)
    revision, colon, name = text.partition(":")
    if colon and revision:
        return of_revision(root, revision, name)
    raise UnreadableFileError(
        f"there is no file or folder {text}",
        hint="For the baseline of a git revision, write REVISION: instead.",
    )


def of_revision(root: Path, revision: str, name: str) -> Found:
    """Return the baseline file `name` as of a git revision.

    Raises:
        UnreadableFileError: git knows no such revision, or it has no such file.
    """
    if git.resolve(root, revision) is None:
        raise UnreadableFileError(
            f"git knows no revision {revision!r}", hint="In CI, fetch it first: a shallow clone has only one."
        )
    content = git.show(root, revision, name)
    if content is None:
        raise UnreadableFileError(
            f"revision {revision} has no file {name}",
            hint="Name another revision, or another file behind it.",
        )
    label = f"{revision}:{name}"
    return Found(label=label, baseline=parse_baseline(content, label), runs={})


def default_base(root: Path, config: Config) -> Found:
    """Return the baseline as it was last committed, or else as it lies there.

    Raises:
        UnreadableFileError: there is none.
    """
    if git.show(root, "HEAD", config.output) is not None:
        return of_revision(root, "HEAD", config.output)
    if (root / config.output).exists():
        return _file(config.output, root / config.output)
    raise UnreadableFileError(
        f"there is no baseline {config.output}",
        hint="Make one with 'paceline profile', or name what to compare.",
    )


def default_candidate(root: Path) -> Found:
    """Return the runs of the newest profile of each suite.

    Raises:
        UnreadableFileError: nothing was profiled yet.
    """
    found = _folder(f"{STATE}/runs", root / STATE / "runs")
    return Found(
        label="the newest profile", runs={suite: _newest(runs) for suite, runs in found.runs.items()}
    )


def with_output(text: str, config: Config) -> str:
    """Return `text` with the baseline's name behind a revision that stands alone."""
    return f"{text}{config.output}" if text.endswith(":") else text


def _newest(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the last run and the earlier rounds of its profile."""
    first = len(runs) - 1
    while first > 0 and runs[first].header.round == runs[first - 1].header.round + 1:
        first -= 1
    return tuple(runs[first:])


def _folder(label: str, path: Path) -> Found:
    files = [file for file in sorted(path.rglob("*")) if holds_run(file)] if path.is_dir() else []
    if not files:
        raise UnreadableFileError(
            f"{label} holds no run files",
            hint="Run files end in .jsonl or .jsonl.gz, JUnit XML in .xml; 'paceline profile' makes some.",
        )
    return Found(label=label, runs=by_suite([read_any_run(file) for file in files]))


def _file(label: str, path: Path) -> Found:
    if path.name.endswith(_RUN_FILES) or run_format(path) is not None:
        return Found(label=label, runs=by_suite([read_any_run(path)]))
    return Found(label=label, baseline=read_baseline(path), runs={})


def holds_run(path: Path) -> bool:
    """Tell whether a file of a folder is a run, as far as its name and, for XML, its beginning say."""
    # Other tools write XML, too.
    return path.name.endswith(_RUN_FILES) or (path.suffix == ".xml" and run_format(path) == "junit")


def by_suite(runs: Sequence[Run]) -> dict[str, tuple[Run, ...]]:
    """Return the runs of each suite in the order in which they were made."""
    found: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.header.run_id):
        found.setdefault(run.header.suite or NO_SUITE, []).append(run)
    return {suite: tuple(members) for suite, members in found.items()}


def with_paths(side: Side, paths: Sequence[str]) -> Side:
    """Return `side` with the suite's own `paths` in its command, where learned files stood for them.

    What was learned isn't what somebody typed, so a command shows none of it, and what the suite was asked to
    run would be missing.
    """
    line = side.runs[-1].header.arguments.command_line if side.runs else ()
    rounds = [at for at, word in enumerate(line) if word.startswith("--paceline-round=")]
    if not paths or not rounds or len(line) == rounds[0] + 1 or not side.profile.command:
        return side
    command = f"{side.profile.command} {shlex.join(paths)}"
    return replace(side, profile=replace(side.profile, command=command))


def command_of(command_line: Sequence[str]) -> str:
    """Return what a person typed: without the recorder's options and what a profile puts behind them."""
    words: list[str] = []
    for word in command_line:
        if word.startswith("--paceline-round="):
            break
        if word == "paceline" and words[-1:] == ["-p"]:
            words.pop()
        elif word != "--rootdir=." and not word.startswith("--paceline-"):
            words.append(word)
    return shlex.join(["python", "-m", "pytest", *words])
