"""Finds the run files that a command is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from paceline.errors import NoRunsError, PacelineError, UnknownRunError, UnreadableFileError
from paceline.model.run import Run
from paceline.store.any_run import read_any_run
from paceline.store.durations import Durations, read_durations, read_heading
from paceline.store.run_file import SUFFIX, read_run
from paceline.store.state_folder import NAME

_SUITE = re.compile(r"Z-(?P<suite>.+)-r\d+-[0-9a-f]+$")


def recorded(root: Path, wanted: str | None) -> Iterator[Run]:
    """Yield the run that is `wanted`, or else the last one of each suite, the newest first.

    Args:
        wanted: a file, or an id or the beginning of one.

    Raises:
        NoRunsError: nothing has been recorded yet.
        UnknownRunError: no run is called so.
        UnreadableFileError: the file can't be read, or none of all files can.
    """
    if wanted is not None:
        yield read_any_run(_file(root, wanted))
        return
    seen: set[str | None] = set()
    first_error: PacelineError | None = None
    files = _files(root)
    for path in files:
        suite = _suite_of(path)
        if suite in seen:
            continue
        try:
            run = read_run(path)
        except UnreadableFileError as error:
            first_error = first_error or error
            click.echo(f"paceline: warning: skipped, {error.message}", err=True)
            continue
        seen.add(suite)
        yield run
    if not files:
        raise NoRunsError(
            f"nothing has been recorded in {root / NAME / 'runs'}",
            hint="Record with `paceline profile`, or one run with `pytest --paceline`.",
        )
    if not seen and first_error is not None:
        raise first_error


def earlier(root: Path, suite: str | None, limit: int) -> tuple[Durations, ...]:
    """Return how long the tests of a suite took in its last `limit` runs, the oldest first.

    Those that were fetched from the main branch count, too. A file that can't be read is left out; whoever
    reads the run itself says so.
    """
    named = {path.name: path for path in [*_files(root, "history"), *_files(root)]}
    found: list[Durations] = []
    for _, path in sorted(named.items(), reverse=True):
        if len(found) == limit:
            break
        if _suite_of(path) == suite:
            with suppress(UnreadableFileError):
                found.append(read_durations(path))
    return tuple(sorted(found, key=lambda run: run.started_at))


def of_suite(root: Path, suite: str | None, wanted: str | None) -> Run:
    """Return the run that is `wanted`, or else the last one of `suite`, or else the last one.

    Raises:
        UnknownRunError: there is none of that suite, besides what `recorded` raises.
    """
    suites: list[str] = []
    for run in recorded(root, wanted):
        if suite in (None, run.header.suite):
            return run
        suites.append(run.header.suite or run.header.run_id)
    raise UnknownRunError(
        f"no run of suite {suite!r} has been recorded", hint=f"There are runs of {', '.join(suites)}."
    )


def _file(root: Path, wanted: str) -> Path:
    path = Path(wanted)
    if path.is_file() or path.suffix in (SUFFIX, ".gz"):
        return path
    found = [file for file in _files(root) if file.name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(_stem(file) for file in found[:3])
        raise UnknownRunError(f"{len(found)} runs begin with {wanted!r}", hint=f"Such as {names}.")
    for file in _files(root):  # a profile calls its files by the suite, so the id stands inside
        if read_run(file).header.run_id == wanted:
            return file
    raise UnknownRunError(
        f"no run is called {wanted!r}",
        hint=f"Runs are the files in {root / NAME / 'runs'}; name one of them.",
    )


def _suite_of(path: Path) -> str | None:
    """Return the suite that a file is of: from its name, or else from its first line."""
    named = _SUITE.search(_stem(path))
    if named:
        return named["suite"]
    try:
        return read_heading(path).suite
    except UnreadableFileError:
        return None


def _files(root: Path, folder: str = "runs") -> list[Path]:
    """Return all run files of a folder, the newest first: their names begin with their time."""
    found = (root / NAME / folder).rglob(f"*{SUFFIX}*")
    return sorted((path for path in found if path.is_file()), key=lambda path: path.name, reverse=True)


def _stem(path: Path) -> str:
    return path.name.partition(SUFFIX)[0]
