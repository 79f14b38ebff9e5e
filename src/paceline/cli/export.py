"""`paceline export`: a run in the format of another program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import click

from paceline.cli.runs import of_suite
from paceline.model.run import Run
from paceline.report import json
from paceline.report.exports import bencher, benchmark_action, ctrf, openmetrics, otlp
from paceline.store.atomic import write_bytes_atomically

Format = Literal["json", "ctrf", "bencher", "benchmark-action", "openmetrics", "otlp"]
_RENDERERS: dict[Format, Callable[[Run], str]] = {
    "json": json.render,
    "ctrf": ctrf.render,
    "bencher": bencher.render,
    "benchmark-action": benchmark_action.render,
    "openmetrics": openmetrics.render,
    "otlp": otlp.render,
}


@click.command()
@click.argument("wanted", default=None, required=False, metavar="[RUN]")
@click.option("--format", "format_", type=click.Choice(get_args(Format)), required=True, help="Which format.")
@click.option(
    "--output", default="-", metavar="FILE", help="Where to write it, instead of the standard output."
)
@click.option("--suite", help="The last run of this suite, instead of the last of all.")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
def export(wanted: str | None, format_: Format, output: str, suite: str | None, directory: Path) -> None:
    """Write a run for other programs.

    RUN is a run file, JUnit XML, the file of pytest-reportlog, or the id of a run; without it, the last one.

    \b
    paceline export --format json                             everything that was recorded
    paceline export --format ctrf --output ctrf.json          for CTRF reporters
    paceline export --format bencher                          for `bencher run --adapter json`
    paceline export --format benchmark-action                 for github-action-benchmark
    paceline export --format openmetrics                      sums, for Prometheus
    paceline export --format otlp                             a trace, for an OpenTelemetry collector
    """
    text = _RENDERERS[format_](of_suite(directory.resolve(), suite, wanted))
    text = text if text.endswith("\n") else f"{text}\n"
    # UTF-8, whatever the terminal speaks; half a surrogate pair, which other tools write, isn't text.
    content = text.encode(errors="backslashreplace")
    if output == "-":
        click.echo(content, nl=False)
    else:
        write_bytes_atomically(Path(output), content)
