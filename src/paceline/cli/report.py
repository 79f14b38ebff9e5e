"""`paceline report`: one HTML file about the last runs, for somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from paceline.cli.compare import compared
from paceline.cli.formats import size_option
from paceline.cli.runs import earlier, recorded
from paceline.cli.sides import NO_SUITE, Found, by_suite, command_of, find, with_output
from paceline.cli.sources import fixture_lines
from paceline.compare.justified import apply
from paceline.config import load_config
from paceline.explain.division import examined
from paceline.explain.stretches import fixture_files
from paceline.explain.view import seconds_of, suite_view
from paceline.model.comparison import Comparison
from paceline.model.page import SuiteView
from paceline.model.profile import Profile
from paceline.model.run import Run
from paceline.report import json, markdown
from paceline.report.records import ReportRecord
from paceline.report.report_document import report_document
from paceline.store.atomic import write_atomically
from paceline.store.durations import Durations
from paceline.store.run_file import read_run
from paceline.store.state_folder import NAME, state_folder

_MOST_RUNS = 100


@click.command()
@click.argument("wanted", nargs=-1, metavar="[RUN]...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--against",
    metavar="BASE",
    help="Compare with a baseline file, REVISION:, a run file or a folder of them.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help=f"The file to write, instead of {NAME}/report.html."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["html", "json", "markdown"]),
    default="html",
    show_default=True,
    help="html for people, json for programs, markdown for a prompt; these two go to the standard output.",
)
@size_option
def report(
    wanted: tuple[str, ...],
    directory: Path,
    against: str | None,
    output: Path | None,
    format_: Literal["html", "json", "markdown"],
    max_size: int,
) -> None:
    """Write one HTML file that opens anywhere, without a network.

    RUN is a run file or the id of a run; without any it is the last run of each suite. Nothing is run.

    \b
    paceline report                             the last run of each suite
    paceline report --against main:             what changed since the figures on main, first
    paceline report --output heavy-tests.html   to keep as an artifact
    paceline report --format markdown           the worst of it, for a prompt
    """
    root = directory.resolve()
    runs = [run for one in wanted for run in recorded(root, one)] or list(recorded(root, None))
    recordings = [_recording(root, run) for run in reversed(runs)]
    base = _base(root, recordings, against) if against else _Base()
    views = tuple(_view(root, one, base) for one in recordings)
    if format_ == "html":
        from paceline.report.html import render

        output = output or state_folder(root) / "report.html"
        text = render(views, datetime.now(UTC))
    elif format_ == "json":
        text = json.render(ReportRecord(suites=views))
    else:
        text = markdown.render(report_document(views), max_size)
    if output is None:
        click.echo(text, nl=False)
        return
    write_atomically(output, text)
    names = ", ".join(_suite(one.run) for one in recordings)
    click.echo(f"{output}: {len(text.encode()) / 1e6:.2f} MB, {names}", err=format_ != "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """A run, and those of its suite before it.

    Attributes:
        past: how long the tests took then, the oldest first.
        first: index in `past` of the first round of the profile that the run ended.
    """

    run: Run
    past: tuple[Durations, ...]
    first: int


def _recording(root: Path, run: Run) -> _Recording:
    header = run.header
    past = [
        one
        for one in earlier(root, header.suite, _MOST_RUNS)
        if one.run_id != header.run_id and one.started_at <= header.started_at
    ][1 - _MOST_RUNS :]
    first, expected = len(past), header.round - 1
    while first > 0 and past[first - 1].round == expected > 0:
        first, expected = first - 1, expected - 1
    return _Recording(run=run, past=tuple(past), first=first)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """What to compare with, by suite."""

    comparisons: Mapping[str, Comparison] = field(default_factory=dict[str, Comparison])
    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])


def _base(root: Path, recordings: Sequence[_Recording], against: str) -> _Base:
    config = load_config(root)
    old = find(with_output(against, config), root)
    runs = [read_run(round_.path) for one in recordings for round_ in one.past[one.first :]]
    new = Found(label="these runs", runs=by_suite([*runs, *(one.run for one in recordings)]))
    comparisons = compared(old, new, config)
    justifications = old.baseline.justifications if old.baseline is not None else ()
    applied = apply(comparisons, justifications, datetime.now(UTC).date().isoformat()).comparisons
    profiles: dict[str, Profile] = {}
    for one in applied:
        like = new.runs[one.suite][-1]
        profiles[one.suite] = old.side(one.suite if one.suite in old.suites else old.suites[0], like).profile
    return _Base(comparisons={one.suite: one for one in applied}, profiles=profiles)


def _view(root: Path, one: _Recording, base: _Base) -> SuiteView:
    run = one.run
    return suite_view(
        examined(run, fixture_lines(root, fixture_files(run))),
        command_of(run.header.arguments.command_line),
        [*((past.started_at, past.tests) for past in one.past), (run.header.started_at, seconds_of(run))],
        one.first,
        base.comparisons.get(_suite(run)),
        base.profiles.get(_suite(run)),
    )


def _suite(run: Run) -> str:
    return run.header.suite or NO_SUITE
