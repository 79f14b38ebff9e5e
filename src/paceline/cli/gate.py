"""`paceline gate`: run the base revision and the working tree side by side, and say what got slower."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console

from paceline.cli.formats import size_option
from paceline.cli.gating import Pairing, gated
from paceline.cli.verdicts import format_option, message_option, request_text, show
from paceline.compare.outcome import exit_of
from paceline.config import load_config
from paceline.profile.plan import chosen


@click.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--base", metavar="REVISION", help="Compare with this commit, not with where HEAD left main.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    metavar="MINUTES",
    help="What isn't decided by then is inconclusive.",
)
@format_option
@size_option
@message_option
def gate(
    suites: tuple[str, ...],
    directory: Path,
    base: str | None,
    time_limit: float | None,
    form: str,
    max_size: int,
    message: TextIO | None,
) -> int:
    """Say for sure what got slower, by running both revisions side by side.

    Checks the base revision out into a temporary folder and runs each SUITE (all of them by default) once on
    both sides. Tests that look slower then run again, in turns with the base and in fresh processes: 3, 6 or
    10 pairs, or up to 20 where ten are undecided, and those that still look slower once more. Your working
    tree is compared as it is, uncommitted changes included, and is not touched.

    \b
    paceline gate                        against where HEAD left main
    paceline gate schema --base v2.1     one suite, against a tag
    paceline gate --time-limit 10        at most ten minutes
    """
    root = directory.resolve()
    config = load_config(root)
    wanted = Pairing(
        root=root,
        config=config,
        suites=chosen(config, suites, None),
        base=base,
        minutes=time_limit,
        message=request_text(message, os.environ),
    )
    found = gated(wanted, Console(stderr=True))
    show(found, form, max_size)
    return exit_of(found.applied.comparisons)
