"""`paceline history`: keep the run files of the main branch, and get them back."""

from __future__ import annotations

from pathlib import Path

import click

from paceline.errors import UnreadableFileError
from paceline.history.branch import fetch, push
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.status import status_of
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
def fetch_history(directory: Path, remote: str, runs: int) -> None:
    """Put the newest run files into .paceline/history, where `paceline verdict` looks for them."""
    root = directory.resolve()
    found = fetch(root, state_folder(root, "history"), runs, remote)
    click.echo(
        f"{found} runs in {NAME}/history"
        if found
        else f"no history yet: {remote} has no branch {HISTORY_BRANCH}"
    )


@history.command("push")
@_directory
@_remote
@click.option(
    "--runs", type=click.IntRange(1), default=100, show_default=True, help="Runs to keep of each suite."
)
def push_history(directory: Path, remote: str, runs: int) -> None:
    """Add the run files in .paceline/runs that have figures; others may push at the same time."""
    root = directory.resolve()
    files = [path for path in sorted((root / NAME / "runs").glob("*.jsonl.gz")) if _has_figures(path)]
    added = push(root, files, runs, remote) if files else 0
    click.echo(f"{added} of {len(files)} runs are new on {HISTORY_BRANCH}")


def _has_figures(path: Path) -> bool:
    try:
        return status_of(read_run(path)) in MEASURED_STATUSES
    except UnreadableFileError as error:
        click.echo(f"paceline: warning: left out, {error.message}", err=True)
        return False
