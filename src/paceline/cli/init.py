"""`paceline init`: from a project with heavy tests to one whose CI profiles, judges and reports them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from paceline.ci.edits import Edit, unified
from paceline.ci.findings import findings
from paceline.ci.plan import plan
from paceline.ci.project import Project, Provider, read_project
from paceline.ci.sources import read_sources
from paceline.ci.suites import declared, proposals
from paceline.cli.formats import Format, plain_format_option, say
from paceline.cli.profile import profile
from paceline.config import load_config
from paceline.errors import ConfigError, UnwritableFileError
from paceline.report.document import Cell, Column, Document, Table
from paceline.report.records import InitRecord, PlannedFile
from paceline.report.terminal import print_document
from paceline.store.atomic import write_atomically

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("-y", "--yes", is_flag=True, help="Write without asking; measures only with --measure.")
@click.option(
    "--dry-run", "--diff", "dry", is_flag=True, help="Only print the diff; it can be given to `git apply`."
)
@click.option(
    "--ci", "provider", type=click.Choice(["github", "gitlab", "none"]), help="Instead of what was found."
)
@click.option(
    "--workflow",
    metavar="FILE",
    help="Workflow of GitHub to add the jobs to, such as .github/workflows/ci.yml.",
)
@click.option(
    "--shards",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Parts to run each suite in, on as many machines.",
)
@click.option(
    "--measure/--no-measure", default=None, help="Measure the first baseline at the end, or don't ask."
)
@plain_format_option
@click.pass_context
def init(
    context: click.Context,
    directory: Path,
    yes: bool,
    dry: bool,
    provider: Provider | None,
    workflow: str | None,
    shards: int,
    measure: bool | None,
    format_: Format,
) -> int:
    """Set a project up: suites, CI jobs, the first baseline.

    Looks at the project without running it, says what it found, shows what it would write as a diff, and
    asks. Nothing that is there is changed or lost: files get additions at their ends. A second run proposes
    only what is missing.

    \b
    paceline init              look, show, ask, write, measure
    paceline init --diff       only show
    paceline init --yes        for a script: write what is missing
    """
    if format_ == "json" and measure:
        raise click.UsageError("with --format json, measure with 'paceline profile --format json' afterwards")
    root = directory.resolve()
    project = _project(root)
    suites = declared(load_config(root).suites) if project.configured else proposals(project)
    chosen = provider or project.provider
    edits = plan(project, suites, chosen, shards, workflow)
    if format_ == "json":
        written = yes and not dry
        if written:
            _write(root, edits, err=True)
        say(_record(findings(project, suites, chosen), edits, written=written))
        return 0
    if dry:
        _show_diff(edits)
        return 0
    _show_findings(findings(project, suites, chosen))
    if not edits:
        click.echo("Nothing to do: everything that would be written is there.")
    else:
        _show_diff(edits)
        asks = sys.stdin.isatty() and sys.stdout.isatty()
        if not yes and not asks:
            click.echo("Nothing was written, as there is nobody to ask. Write it with: paceline init --yes")
            return 0
        if not yes and not click.confirm(f"Write {_listed(edits)}?", default=True):
            click.echo("Nothing was written.")
            return 0
        _write(root, edits)
    return _first_baseline(context, root, measure, ask=not yes)


def _project(root: Path) -> Project:
    if not root.is_dir():
        raise click.UsageError(f"there is no folder {root}")
    try:
        return read_project(read_sources(root))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{root / 'pyproject.toml'} can't be read: {error}", hint="Nothing was written."
        ) from error


def _show_findings(found: Iterable[tuple[str, str]]) -> None:
    columns = (Column(name="Looked for"), Column(name="Found"))
    rows = tuple((Cell(text=what), Cell(text=value)) for what, value in found)
    table = Table(title="What was found", columns=columns, rows=rows)
    print_document(Document(title="Paceline init", blocks=(table,)), Console())


def _record(found: Iterable[tuple[str, str]], edits: Sequence[Edit], *, written: bool) -> InitRecord:
    files = tuple(
        PlannedFile(
            path=str(edit.path), what=edit.what, is_new=edit.before is None, diff="\n".join(unified([edit]))
        )
        for edit in edits
    )
    return InitRecord(found=tuple(found), files=files, written=written)


def _show_diff(edits: Sequence[Edit]) -> None:
    console = Console()
    for line in unified(edits):
        if console.is_terminal:
            console.print(Text(line, style=_STYLES.get(line[:1], "")), soft_wrap=True)
        else:
            click.echo(line)


def _listed(edits: Sequence[Edit]) -> str:
    return ", ".join(f"{edit.path} ({edit.what})" for edit in edits)


def _write(root: Path, edits: Sequence[Edit], *, err: bool = False) -> None:
    for edit in edits:
        path = root / edit.path
        if path.is_symlink() and not path.exists():
            raise UnwritableFileError(
                f"{path} is a link to nothing", hint="Remove it, or make what it points to."
            )
        write_atomically(path.resolve(), edit.after)
        click.echo(f"{'changed' if edit.before is not None else 'made'} {edit.path}", err=err)


def _first_baseline(context: click.Context, root: Path, measure: bool | None, *, ask: bool) -> int:
    config = load_config(root)
    if (root / config.output).exists() and not measure:
        return 0
    names = ", ".join(suite.name for suite in config.suites)
    if measure is None:
        measure = (
            ask
            and sys.stdin.isatty()
            and sys.stdout.isatty()
            and click.confirm(f"Measure the first baseline now? It runs {names}.", default=True)
        )
    if not measure:
        click.echo("The first baseline is still to be measured. Do it with: paceline profile")
        return 0
    result: int = context.invoke(
        profile,
        suites=(),
        directory=root,
        rounds=None,
        workers=None,
        shard="",
        output=None,
        stall_timeout=None,
        collect_all=False,
        quiet=False,
    )
    if result == 0:
        click.echo(f"Commit {config.output} with the other files, and push.")
    return result
