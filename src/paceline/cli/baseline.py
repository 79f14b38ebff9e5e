"""`paceline baseline`: change the committed figures on purpose."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from paceline.cli.formats import Format, plain_format_option, say
from paceline.cli.judging import unjustified_counts
from paceline.cli.sides import default_candidate
from paceline.config import load_config
from paceline.errors import UnknownSuiteError
from paceline.model.baseline import SuiteBaseline
from paceline.model.profile import Profile
from paceline.profile.aggregate import slowest
from paceline.profile.anchor import anchor_of
from paceline.profile.plan import visible_command
from paceline.report.records import AcceptedSuite, AcceptRecord
from paceline.store.baseline_file import read_baseline, write_suites


@click.group()
def baseline() -> None:
    """Change the committed figures on purpose."""


@baseline.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--anchor", is_flag=True, help="Also make these figures the anchor against slow drift.")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--output", type=click.Path(path_type=Path), help="Baseline file to write.")
@plain_format_option
def accept(
    suites: tuple[str, ...], anchor: bool, directory: Path, output: Path | None, format_: Format
) -> int:
    """Make the newest profile the baseline, regressions included.

    A profile doesn't replace stored figures by worse counts that nobody has justified. This command does, and
    lists what it has taken over.

    \b
    paceline baseline accept schema
    """
    root = directory.resolve()
    config = load_config(root)
    path = root / config.output if output is None else output.resolve()
    stored = read_baseline(path)
    newest = default_candidate(root)
    for name in suites:
        config.suite(name)
        if name not in newest.suites:
            raise UnknownSuiteError(
                f"no profile of {name!r} is kept", hint=f"Run it with 'paceline profile {name}'."
            )
    accepted: dict[str, SuiteBaseline] = {}
    told: list[AcceptedSuite] = []
    for name in suites or newest.suites:
        if name not in {suite.name for suite in config.suites}:
            continue
        suite = config.suite(name)
        side = newest.side(name)
        found = replace(
            side.profile,
            marker=suite.marker,
            command=shlex.join(visible_command(suite, config.slowest)),
        )
        if not found.has_figures:
            told.append(AcceptedSuite(suite=name, accepted=False, reason=found.reason or found.status))
            continue
        before = stored.suites.get(name) if stored is not None else None
        accepted[name] = _accepted(found, before, config.slowest, moved=anchor)
        taken = unjustified_counts(before, found, side.runs, ()) if before is not None else ()
        told.append(AcceptedSuite(suite=name, accepted=True, regressions=taken))
    if accepted:
        write_suites(path, accepted, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if format_ == "json":
        say(AcceptRecord(baseline=str(path), suites=tuple(told)))
    else:
        _tell(told)
    return 0


def _tell(suites: Sequence[AcceptedSuite]) -> None:
    for one in suites:
        if not one.accepted:
            click.echo(f"{one.suite}: nothing was measured: {one.reason}", err=True)
            continue
        taken = one.regressions
        click.echo(f"{one.suite}: accepted{', with ' + str(len(taken)) + ' regressions:' if taken else ''}")
        for line in taken:
            click.echo(f"  {line}")


def _accepted(found: Profile, before: SuiteBaseline | None, limit: int, *, moved: bool) -> SuiteBaseline:
    kept = before.anchor if before is not None and not moved else None
    return SuiteBaseline(
        profile=found,
        slow_tests=slowest(found, limit, before.slow_tests if before is not None else ()),
        anchor=kept or anchor_of(found),
    )
