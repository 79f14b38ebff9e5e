"""`paceline verdict`: what CI says of a change, suite by suite, and whether that is fit to be merged."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from paceline.cli import git
from paceline.cli.bases import base_of, unusable
from paceline.cli.compare import compared, stored_justifications
from paceline.cli.formats import Format, format_option, show, size_option
from paceline.cli.judging import today, trailers, with_commits
from paceline.cli.sides import Found, default_candidate
from paceline.cli.verdicts import request_text
from paceline.compare.justified import apply
from paceline.config import Config, load_config
from paceline.errors import Exit, UnreadableFileError
from paceline.model.comparison import Comparison
from paceline.model.profile import MEASURED_STATUSES
from paceline.model.run import Run
from paceline.model.verdict import State, Verdict
from paceline.report import code_quality, verdict_markdown, workflow_commands
from paceline.report.verdict import Judged, verdict_of
from paceline.report.verdict_document import verdict_document
from paceline.store.atomic import write_atomically
from paceline.store.baseline_file import read_baseline
from paceline.store.state_folder import NAME
from paceline.store.verdict_file import verdict_text

#: GitHub drops a summary that is larger, and leaves an error in its place.
_SUMMARY = 1024 * 1024
_EXITS: dict[State, Exit] = {
    "regressed": Exit.REGRESSED,
    "not_provisioned": Exit.NOT_MEASURED,
    "not_measured": Exit.NOT_MEASURED,
    "tests_failed": Exit.TESTS_FAILED,
}


@click.command()
@click.argument("base", required=False)
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--suite", "names", multiple=True, metavar="SUITE", help="Expect this suite only; repeatable.")
@click.option(
    "--profile",
    "measured",
    type=click.Path(path_type=Path),
    help="What `paceline merge` wrote, for suites without a run.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the verdict here, for `paceline comment`."
)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write it here as Markdown.")
@click.option("--code-quality", "quality", type=click.Path(path_type=Path), help="Write it here for GitLab.")
@format_option
@size_option
def verdict(
    base: str | None,
    directory: Path,
    names: tuple[str, ...],
    measured: Path | None,
    output: Path | None,
    markdown: Path | None,
    quality: Path | None,
    format_: Format,
    max_size: int,
) -> int:
    """Say what CI thinks of a change, suite by suite.

    Compares the newest profile of every suite with the history in .paceline/history, or else with BASE,
    by default the committed baseline. On GitHub it writes the job summary and annotations, and there and on
    GitLab reads justifications from the text of the pull or merge request.

    \b
    passed, justified              fine
    no baseline, not comparable    said, and no judgement: exit code 0
    regressed                      exit code 10
    not provisioned, not measured  exit code 3
    tests failed                   exit code 1
    """
    root = directory.resolve()
    config = load_config(root)
    suites = [config.suite(name).name for name in names] or [suite.name for suite in config.suites]
    judged = _judged(root, config, suites, base, measured)
    found = verdict_of(judged, git.resolve(root, "HEAD"))
    show(verdict_document(found), found, format_, Console(), max_size)
    _write(found, output, markdown, quality)
    if os.environ.get("GITHUB_ACTIONS") == "true":  # which reads its commands from both streams
        click.echo(workflow_commands.render_verdict(found), nl=False, err=format_ != "text")
    return _EXITS.get(found.worst, Exit.FINE)


def _judged(
    root: Path, config: Config, names: Sequence[str], base: str | None, measured: Path | None
) -> list[Judged]:
    candidate = _candidate(root)
    stored = read_baseline(measured.resolve()) if measured is not None else None
    prefix = git.prefix(root)
    judged: list[Judged] = []
    for name in names:
        runs = candidate.runs.get(name, ())
        profile = candidate.side(name).profile if runs else None
        if profile is None and stored is not None and name in stored.suites:
            profile = stored.suites[name].profile
        judged.append(
            Judged(suite=name, profile=profile, comparison=None, lines=_lines(runs, prefix), prefix=prefix)
        )
    return _compared(root, config, candidate, judged, base)


def _candidate(root: Path) -> Found:
    try:
        return default_candidate(root)
    except UnreadableFileError:
        if (root / NAME / "runs").is_dir() and any((root / NAME / "runs").glob("*.jsonl*")):
            raise
        return Found(label="the newest profile", runs={})


def _compared(
    root: Path, config: Config, candidate: Found, judged: Sequence[Judged], base: str | None
) -> list[Judged]:
    reasons: dict[str, str] = {}
    comparisons: list[Comparison] = []
    sides: list[Found] = []
    for one in judged:
        if (
            one.profile is None
            or one.profile.status not in MEASURED_STATUSES
            or one.suite not in candidate.runs
        ):
            continue
        old = base_of(root, config, one.suite, base)
        reason = unusable(old, one.suite)
        if old is None or reason:
            reasons[one.suite] = reason
            continue
        (comparison,) = compared(old, candidate, config, (one.suite,))
        comparisons.append(_since_oldest(comparison, old, one.suite))
        sides.append(old)
    written, _ = trailers(root, comparisons, request_text(None, os.environ))
    known = [
        item for old in sides or [candidate] for item in stored_justifications(root, config, old, candidate)
    ]
    applied = apply(with_commits(root, comparisons), tuple(dict.fromkeys([*known, *written])), today())
    by_suite: Mapping[str, Comparison] = {one.suite: one for one in applied.comparisons}
    return [
        replace(one, comparison=by_suite.get(one.suite), reason=reasons.get(one.suite, "")) for one in judged
    ]


def _since_oldest(comparison: Comparison, old: Found, suite: str) -> Comparison:
    """Let commit messages count from the oldest run on: a slowdown that was justified then still is."""
    commits = [run.header.revision.commit for run in old.runs.get(suite, ()) if run.header.revision]
    return replace(comparison, revisions=(commits[0], comparison.revisions[1])) if commits else comparison


def _lines(runs: Sequence[Run], prefix: str) -> dict[str, str]:
    return {
        test.nodeid: f"{prefix}{test.path}:{test.lineno + 1}"
        for run in runs[-1:]
        for test in run.tests
        if test.lineno is not None
    }


def _write(found: Verdict, output: Path | None, markdown: Path | None, quality: Path | None) -> None:
    if output is not None:
        write_atomically(output.resolve(), verdict_text(found))
    text = verdict_markdown.render(found, _SUMMARY)
    if markdown is not None:
        write_atomically(markdown.resolve(), text)
    if quality is not None:
        write_atomically(quality.resolve(), code_quality.render(found))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
