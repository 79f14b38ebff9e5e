"""`paceline top`: tests, fixtures, statements and so on by a figure."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from paceline.cli.formats import Format, format_option, show, size_option
from paceline.cli.runs import of_suite
from paceline.cli.sources import fixture_lines
from paceline.explain.stretches import fixture_files
from paceline.explain.top import KINDS, ranking
from paceline.model.ranking import RankedKind
from paceline.model.run import PHASES, PhaseName
from paceline.report.top_document import top_document


@click.command()
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--kind", type=click.Choice(KINDS), default="tests", help="What to list.")
@click.option(
    "--by", default="duration", metavar="FIGURE", help="A metric; of operations also count and rows."
)
@click.option("--limit", type=click.IntRange(1), default=20, help="How many.")
@click.option("--phase", type=click.Choice(PHASES), help="Count only this phase.")
@click.option("--suite", help="The last run of this suite, instead of the last of all.")
@click.option("--run", "wanted", metavar="RUN", help="A run file or the id of a run.")
@format_option
@size_option
def top(
    directory: Path,
    kind: RankedKind,
    by: str,
    limit: int,
    phase: PhaseName | None,
    suite: str | None,
    wanted: str | None,
    format_: Format,
    max_size: int,
) -> None:
    """List what has most of something.

    \b
    paceline top                                        the slowest tests
    paceline top --by sql_statements --phase call       the tests with most SQL in their own code
    paceline top --kind fixtures                        the slowest fixtures, without those they request
    paceline top --kind statements --by count           the most frequent statements and their callers
    paceline top --kind imports --by own                the slowest imports
    """
    root = directory.resolve()
    run = of_suite(root, suite, wanted)
    lines = fixture_lines(root, fixture_files(run)) if kind == "fixtures" else None
    found = ranking(run, kind, by, limit, phase, lines)
    show(top_document(found), found, format_, Console(), max_size)
