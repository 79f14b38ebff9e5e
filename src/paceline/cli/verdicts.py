"""Shows verdicts in the format that somebody asked for, and reads the text that can justify some of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console

from paceline.cli.formats import MEANING, say
from paceline.cli.judging import Judged
from paceline.report import github, markdown, workflow_commands
from paceline.report.comparison_document import comparison_document, justification_notes
from paceline.report.document import Document
from paceline.report.records import ComparisonRecord
from paceline.report.terminal import print_document

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "github"]),
    default="text",
    show_default=True,
    help=f"{MEANING} github: annotations, and a table in the job summary.",
)
message_option = click.option(
    "--message",
    type=click.File(),
    help="Text of the pull request, with its justifications; - reads it. Known by itself in a job of GitHub "
    "or GitLab for one.",
)


def show(found: Judged, form: str, size: int) -> None:
    """Print the comparisons in the format that was asked for, as Markdown of at most `size` characters."""
    applied = found.applied
    notes = justification_notes(applied.expired, applied.unmatched, found.malformed)
    document = comparison_document(applied.comparisons, notes)
    match form:
        case "json":
            say(comparison_record(found))
        case "markdown":
            click.echo(markdown.render(document, size), nl=False)
        case "github":
            click.echo(workflow_commands.render(applied.comparisons, notes=notes), nl=False)
            summarise(document)
        case _:
            print_document(document, Console())


def comparison_record(found: Judged) -> ComparisonRecord:
    """Return what programs are told."""
    return ComparisonRecord(
        comparisons=found.applied.comparisons,
        expired_justifications=found.applied.expired,
        unmatched_justifications=found.applied.unmatched,
        malformed_justifications=found.malformed,
    )


def summarise(document: Document) -> None:
    """Append a report to the job summary where GitHub Actions asks for one."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(github.render(document))


def request_text(given: TextIO | None, variables: Mapping[str, str]) -> str:
    """Return the text of the pull request: what was given, or what the CI provider says; empty for none."""
    if given is not None:
        return given.read()
    event = variables.get("GITHUB_EVENT_PATH")
    if event:
        return _github_text(Path(event))
    return variables.get("CI_MERGE_REQUEST_DESCRIPTION", "")


def _github_text(path: Path) -> str:
    try:
        event: Any = json.loads(path.read_text(encoding="utf-8"))
        return event["pull_request"]["body"] or ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # a job for something else than a pull request
