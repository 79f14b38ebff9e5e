"""Shows a report in the format that somebody asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import click
from rich.console import Console

from paceline.report import json, markdown
from paceline.report.document import Document
from paceline.report.terminal import print_document

Format = Literal["text", "json", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEANING = "text for people, json for programs, markdown for a prompt."

format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help=MEANING
)
plain_format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)
size_option = click.option(
    "--max-size",
    type=click.IntRange(200),
    default=markdown.SIZE,
    show_default=True,
    metavar="CHARACTERS",
    help="Length of the Markdown; what doesn't fit is counted.",
)


def show(
    document: Document, record: object, format_: Format, console: Console, size: int = markdown.SIZE
) -> None:
    """Show `document`, or for programs the `record` that it was made from.

    Args:
        size: characters of Markdown at most.
    """
    match format_:
        case "text":
            print_document(document, console)
        case "json":
            say(record)
        case "markdown":
            click.echo(markdown.render(document, size), nl=False)


def say(record: object) -> None:
    """Write `record` as the one JSON document of a command."""
    click.echo(json.render(record), nl=False)


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line, which may be wrong otherwise, asks for JSON."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
