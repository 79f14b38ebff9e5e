"""Finds the runs that a report is about, and those of their suites before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from paceline.cli.runs import earlier, recorded
from paceline.cli.sides import holds_run
from paceline.errors import PacelineError, UnreadableFileError
from paceline.explain.view import seconds_of
from paceline.model.run import Run
from paceline.store.any_run import read_any_run, run_format
from paceline.store.durations import Durations, read_durations

MOST_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A run, and those of its suite before it.

    Attributes:
        past: how long the tests took then, the oldest first.
        first: index in `past` of the first round of the profile that the run ended.
    """

    run: Run
    past: tuple[Durations, ...]
    first: int

    @property
    def rounds(self) -> tuple[Run, ...]:
        """The runs of the profile, in their order."""
        return (*(read_any_run(one.path) for one in self.past[self.first :]), self.run)


def recordings(root: Path, wanted: Sequence[str]) -> list[Recording]:
    """Return what is `wanted`: files, ids, folders of files; or else the last run of each suite.

    A folder gives the last run of each of its suites, and the others in it are their past.

    Raises:
        UnreadableFileError: a folder holds no run; besides what `paceline.cli.runs.recorded` raises.
    """
    if not wanted:
        return [_of_project(root, run) for run in reversed([*recorded(root, None)])]
    found: list[Recording] = []
    for one in wanted:
        folder = root / one
        if folder.is_dir():
            found += _of_folder(one, folder)
        else:
            found += [_of_project(root, run) for run in recorded(root, one)]
    return found


def _of_project(root: Path, run: Run) -> Recording:
    return _recording(run, earlier(root, run.header.suite, MOST_RUNS))


def _of_folder(name: str, folder: Path) -> list[Recording]:
    suites: dict[str | None, list[Durations]] = {}
    for found in _durations(folder):
        suites.setdefault(found.suite, []).append(found)
    if not suites:
        raise UnreadableFileError(
            f"{name} holds no run files",
            hint="Run files end in .jsonl or .jsonl.gz, JUnit XML in .xml; name the folder of the artifact.",
        )
    return [_last_of(suites[suite]) for suite in sorted(suites, key=lambda suite: suite or "")]


def _last_of(found: list[Durations]) -> Recording:
    found.sort(key=lambda one: (one.started_at, one.run_id))
    return _recording(read_any_run(found[-1].path), found)


def _durations(folder: Path) -> Iterator[Durations]:
    """Yield how long tests took in every run below `folder`, each run once, however often it was copied."""
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or not holds_run(path):
            continue
        try:
            found = _read(path)
        except PacelineError as error:
            click.echo(f"paceline: warning: skipped, {error.message}", err=True)
            continue
        if found.run_id not in seen:
            seen.add(found.run_id)
            yield found


def _read(path: Path) -> Durations:
    if run_format(path) not in ("junit", "reportlog"):
        return read_durations(path)
    run = read_any_run(path)
    return Durations(
        path=path,
        run_id=run.header.run_id,
        suite=run.header.suite,
        round=run.header.round,
        started_at=run.header.started_at,
        tests=seconds_of(run),
    )


def _recording(run: Run, known: Sequence[Durations]) -> Recording:
    header = run.header
    past = [one for one in known if one.run_id != header.run_id and one.started_at <= header.started_at]
    past = past[1 - MOST_RUNS :]
    first, expected = len(past), header.round - 1
    while first > 0 and past[first - 1].round == expected > 0:
        first, expected = first - 1, expected - 1
    return Recording(run=run, past=tuple(past), first=first)
