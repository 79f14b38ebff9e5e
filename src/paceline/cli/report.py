"""`paceline report`: one HTML file about the last runs, for somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from paceline.cli.bases import base_of, unusable
from paceline.cli.compare import compared
from paceline.cli.formats import size_option
from paceline.cli.judging import today, with_commits
from paceline.cli.recordings import Recording, recordings
from paceline.cli.sides import NO_SUITE, Found, by_suite, command_of, find, with_output
from paceline.cli.sources import fixture_lines
from paceline.compare.justified import apply
from paceline.config import Config, load_config
from paceline.errors import NotComparableError, UnreadableFileError
from paceline.explain.division import examined
from paceline.explain.stretches import fixture_files
from paceline.explain.view import seconds_of, suite_view
from paceline.model.comparison import Comparison
from paceline.model.page import SuiteView
from paceline.model.profile import MEASURED_STATUSES, Profile
from paceline.model.run import Run
from paceline.model.status import status_of
from paceline.report import json, markdown
from paceline.report.records import ReportRecord
from paceline.report.report_document import report_document
from paceline.store.atomic import write_atomically
from paceline.store.baseline_file import read_baseline
from paceline.store.comparison_file import read_comparisons
from paceline.store.state_folder import NAME, state_folder


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
    "--comparison",
    "judged",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show these verdicts: what `paceline gate` or `compare` printed with --format json.",
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
    judged: Path | None,
    output: Path | None,
    format_: Literal["html", "json", "markdown"],
    max_size: int,
) -> None:
    """Write one HTML file that opens anywhere, without a network.

    RUN is a run file, JUnit XML, the file of pytest-reportlog, the id of a run, or a folder of such files, as
    downloaded artifacts are: of a folder the last run of each suite is shown, and the others are its history.
    Without any RUN it is the last run of each suite of the project. Nothing is run.

    The page begins with the verdict. Without --against and --comparison it is compared with the history that
    `paceline history fetch` got, or else with the committed baseline.

    \b
    paceline report                             the last run of each suite
    paceline report --against main:             what changed since the figures on main
    paceline report artifacts/                  from the folder of a downloaded artifact
    paceline report --comparison gate.json      with the verdicts of a gate
    paceline report --output heavy-tests.html   to keep as an artifact
    paceline report --format markdown           the worst of it, for a prompt
    """
    root = directory.resolve()
    found = recordings(root, wanted)
    base = _base(root, load_config(root), found, against, judged)
    views = tuple(_view(root, one, base) for one in found)
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
    names = ", ".join(_suite(one.run) for one in found)
    click.echo(f"{output}: {len(text.encode()) / 1e6:.2f} MB, {names}", err=format_ != "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """What to compare with, by suite.

    Attributes:
        reasons: why there is nothing.
    """

    comparisons: Mapping[str, Comparison] = field(default_factory=dict[str, Comparison])
    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])


def _base(
    root: Path, config: Config, found: Sequence[Recording], against: str | None, judged: Path | None
) -> _Base:
    if judged is not None:
        comparisons = read_comparisons(judged)
        return _Base(
            comparisons={one.suite: one for one in comparisons},
            reasons={_suite(one.run): f"{judged.name} doesn't judge it" for one in found},
        )
    if against is not None:
        return _compared(root, config, found, find(with_output(against, config), root))
    bases = [_usual(root, config, one) for one in found]
    return _Base(
        comparisons={name: one for base in bases for name, one in base.comparisons.items()},
        profiles={name: one for base in bases for name, one in base.profiles.items()},
        reasons={name: one for base in bases for name, one in base.reasons.items()},
    )


def _usual(root: Path, config: Config, one: Recording) -> _Base:
    """Return what a suite is compared with where nobody has said it; that it can't be is no error."""
    suite = _suite(one.run)
    if status_of(one.run) not in MEASURED_STATUSES:
        return _Base()
    old = base_of(root, config, suite, None, committed=True)
    reason = unusable(old, suite)
    if old is None or reason:
        return _Base(reasons={suite: reason})
    try:
        return _compared(root, config, [one], old)
    except (NotComparableError, UnreadableFileError) as error:
        return _Base(reasons={suite: error.message})


def _compared(root: Path, config: Config, found: Sequence[Recording], old: Found) -> _Base:
    new = Found(label="these runs", runs=by_suite([run for one in found for run in one.rounds]))
    comparisons = with_commits(root, compared(old, new, config))
    stored = old.baseline or read_baseline(root / config.output)
    justifications = stored.justifications if stored is not None else ()
    applied = apply(comparisons, justifications, today()).comparisons
    profiles: dict[str, Profile] = {}
    for one in applied:
        like = new.runs[one.suite][-1]
        profiles[one.suite] = old.side(one.suite if one.suite in old.suites else old.suites[0], like).profile
    return _Base(comparisons={one.suite: one for one in applied}, profiles=profiles)


def _view(root: Path, one: Recording, base: _Base) -> SuiteView:
    run, suite = one.run, _suite(one.run)
    view = suite_view(
        examined(run, fixture_lines(root, fixture_files(run))),
        command_of(run.header.arguments.command_line),
        [*((past.started_at, past.tests) for past in one.past), (run.header.started_at, seconds_of(run))],
        one.first,
        base.comparisons.get(suite),
        base.profiles.get(suite),
    )
    return replace(view, uncompared=base.reasons.get(suite, ""))


def _suite(run: Run) -> str:
    return run.header.suite or NO_SUITE
