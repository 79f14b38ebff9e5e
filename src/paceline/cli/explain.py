"""`paceline explain`: what the time of a test, a fixture, a file or a run was spent on."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from paceline.cli.formats import Format, format_option, show, size_option
from paceline.cli.runs import recorded
from paceline.cli.sources import fixture_lines
from paceline.explain.account import account
from paceline.explain.division import examined
from paceline.explain.stretches import fixture_files
from paceline.explain.targets import meant, named, unknown
from paceline.model.account import Account, Subject
from paceline.model.run import Run
from paceline.report.explain_document import explain_document


@click.command()
@click.argument("target", default="", metavar="[TARGET]")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--run", "wanted", metavar="RUN", help="A run file or the id of a run, instead of the last one."
)
@format_option
@size_option
def explain(target: str, directory: Path, wanted: str | None, format_: Format, max_size: int) -> None:
    """Say what the time was spent on, and what would give some of it back.

    TARGET is a test, a fixture, a file or a suite, or an unambiguous part of its name; without one it is the
    whole last run. What is said is what was recorded: nothing is run.

    \b
    paceline explain                          the last run, and what to do first
    paceline explain test_long_history        one test
    paceline explain tests/test_orders.py     one file, with its collection
    paceline explain migrated_db              one fixture
    paceline explain schema --format markdown the last run of a suite, for a prompt
    """
    found = _explained(directory.resolve(), wanted, target)
    show(explain_document(found), found, format_, Console(), max_size)


def _explained(root: Path, wanted: str | None, target: str) -> Account:
    runs: list[Run] = []
    for run in recorded(root, wanted):
        if (subject := named(run, target)) is not None:
            return _account(root, run, subject)
        runs.append(run)
    for run in runs:
        if (subject := meant(run, target)) is not None:
            return _account(root, run, subject)
    raise unknown(runs, target)


def _account(root: Path, run: Run, subject: Subject) -> Account:
    return account(examined(run, fixture_lines(root, fixture_files(run))), subject)
