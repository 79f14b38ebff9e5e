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
from paceline.store.durations import Durations, read_durations
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
        named = _SUITE.search(_stem(path))
        suite = named["suite"] if named else None
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

    A file that can't be read is left out; whoever reads the run itself says so.
    """
    found: list[Durations] = []
    for path in _files(root):
        if len(found) == limit:
            break
        named = _SUITE.search(_stem(path))
        if (named["suite"] if named else None) == suite:
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


def _files(root: Path) -> list[Path]:
    """Return all run files, the newest first: their names begin with their time."""
    folder = root / NAME / "runs"
    return sorted((path for path in folder.glob(f"*{SUFFIX}*") if path.is_file()), reverse=True)


def _stem(path: Path) -> str:
    return path.name.partition(SUFFIX)[0]
