"""`paceline history`: keep the run files of the main branch, and get them back."""

from __future__ import annotations

from pathlib import Path

import click

from paceline.cli.formats import Format, plain_format_option, say
from paceline.errors import UnreadableFileError
from paceline.history.branch import fetch, push
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.status import status_of
from paceline.report.records import HistoryRecord
from paceline.store.run_file import read_run
from paceline.store.state_folder import HISTORY_BRANCH, NAME, state_folder

_directory = click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
_remote = click.option("--remote", default="origin", show_default=True, help="Repository that keeps them.")


@click.group()
def history() -> None:
    """Keep the run files of the main branch, and get them back.

    They lie on a branch of their own, paceline-history, which has one commit and no parent, so it never grows
    beyond the files that are kept.
    """


@history.command("fetch")
@_directory
@_remote
@click.option(
    "--runs", type=click.IntRange(1), default=10, show_default=True, help="Newest runs of each suite."
)
@plain_format_option
def fetch_history(directory: Path, remote: str, runs: int, format_: Format) -> None:
    """Put the newest run files into .paceline/history, where `paceline verdict` looks for them."""
    root = directory.resolve()
    found = fetch(root, state_folder(root, "history"), runs, remote)
    none = f"no history yet: {remote} has no branch {HISTORY_BRANCH}"
    text = f"{found} runs in {NAME}/history" if found else none
    _tell(HistoryRecord(branch=HISTORY_BRANCH, runs=found, moved=found), format_, text)


@history.command("push")
@_directory
@_remote
@click.option(
    "--runs", type=click.IntRange(1), default=100, show_default=True, help="Runs to keep of each suite."
)
@plain_format_option
def push_history(directory: Path, remote: str, runs: int, format_: Format) -> None:
    """Add the run files in .paceline/runs that have figures; others may push at the same time."""
    root = directory.resolve()
    files = [path for path in sorted((root / NAME / "runs").glob("*.jsonl.gz")) if _has_figures(path)]
    added = push(root, files, runs, remote) if files else 0
    text = f"{added} of {len(files)} runs are new on {HISTORY_BRANCH}"
    _tell(HistoryRecord(branch=HISTORY_BRANCH, runs=len(files), moved=added), format_, text)


def _tell(record: HistoryRecord, format_: Format, text: str) -> None:
    if format_ == "json":
        say(record)
    else:
        click.echo(text)


def _has_figures(path: Path) -> bool:
    try:
        return status_of(read_run(path)) in MEASURED_STATUSES
    except UnreadableFileError as error:
        click.echo(f"paceline: warning: left out, {error.message}", err=True)
        return False
