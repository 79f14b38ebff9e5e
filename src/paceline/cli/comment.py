"""`paceline comment`: put the verdict on the pull request that it is about."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from paceline.ci.github_api import GitHub
from paceline.ci.pull_request import artifact, finished_run, pull_request, put_comment
from paceline.cli.formats import Format, plain_format_option, say
from paceline.errors import GitHubError, UnreadableFileError
from paceline.report import verdict_markdown
from paceline.report.records import CommentRecord
from paceline.store.verdict_file import parse_verdict

#: GitHub takes 65,536 characters.
_MOST_BYTES = 60_000


@click.command()
@click.option(
    "--dry-run",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="Only show what would be said of this verdict.",
)
@plain_format_option
def comment(dry_run: Path | None, format_: Format) -> int:
    """Put the verdict on the pull request that it is about.

    For a workflow that runs on `workflow_run`, after the one that profiles. The verdict comes from there and
    is taken for what a stranger wrote: one small file, checked against its schema, shown as text only. Which
    pull request it is, GitHub's API says. There is one comment, which later runs edit.
    """
    if dry_run is not None:
        text = verdict_markdown.render(parse_verdict(dry_run.read_bytes()), _MOST_BYTES)
        record = CommentRecord(posted=False, outcome="only shown", text=text)
    else:
        record = _posted()
    if format_ == "json":
        say(record)
    else:
        click.echo(record.text if dry_run is not None else record.outcome, nl=dry_run is None)
    return 0


def _posted() -> CommentRecord:
    run = finished_run(_event())
    github = GitHub(
        api=os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        repository=_variable("GITHUB_REPOSITORY"),
        token=_variable("GITHUB_TOKEN"),
    )
    content = artifact(github, run)
    if content is None:
        return CommentRecord(posted=False, outcome="the workflow left no verdict; nothing to say")
    verdict = parse_verdict(content)
    number = pull_request(github, run)
    if number is None:
        outcome = f"no open pull request has {run.head_sha} as its newest commit; nothing to say"
        return CommentRecord(posted=False, outcome=outcome)
    footer = f"[The run, its page and its timings]({run.url}) · commit {run.head_sha[:10]}"
    text = verdict_markdown.render(verdict, _MOST_BYTES, footer)
    return CommentRecord(posted=True, outcome=put_comment(github, number, text), text=text)


def _event() -> object:
    path = Path(_variable("GITHUB_EVENT_PATH"))
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"the event {path} can't be read: {error}") from error


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise GitHubError(
            f"{name} isn't set", hint="Run it in a workflow of GitHub, with GITHUB_TOKEN in `env`."
        )
    return value
