"""Shows a report in the format that somebody asked for."""

from __future__ import annotations

from typing import Literal, get_args

import click
from rich.console import Console

from paceline.report import json, markdown
from paceline.report.document import Document
from paceline.report.terminal import print_document

Format = Literal["text", "json", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)


def show(document: Document, record: object, format_: Format, console: Console) -> None:
    """Show `document`, or for programs the `record` that it was made from."""
    match format_:
        case "text":
            print_document(document, console)
        case "json":
            click.echo(json.render(record), nl=False)
        case "markdown":
            click.echo(markdown.render(document), nl=False)
