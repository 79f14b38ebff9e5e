"""`paceline profile`: run suites, store their figures, show the table."""

from __future__ import annotations

import os
import shlex
import signal
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import click
from filelock import FileLock, Timeout
from rich.console import Console

from paceline.cli.formats import Format, format_option, say, size_option
from paceline.cli.formats import show as show_as
from paceline.cli.gating import Pairing, gated, interrupt
from paceline.cli.judging import unjustified_counts
from paceline.cli.progress import LiveProgress, PlainProgress
from paceline.cli.verdicts import comparison_record, request_text, show, summarise
from paceline.compare.change import change
from paceline.compare.outcome import exit_of
from paceline.config import Suite, load_config
from paceline.errors import Exit, MissingDependencyError, UnwritableFileError
from paceline.model.baseline import Baseline
from paceline.model.shard import parse_shard
from paceline.paired.tree import resolve
from paceline.profile.aggregate import ranking
from paceline.profile.plan import chosen, steps
from paceline.profile.session import ProfiledSuite, ProfileRequest
from paceline.profile.session import profile as run_profile
from paceline.report.profile_document import SuiteReport, profile_document
from paceline.report.records import ProfileRecord
from paceline.store.baseline_file import read_baseline
from paceline.store.state_folder import NAME, state_folder

_SHOWN_SLOWEST = 5


def shard_option(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return the part of the suites as it was given, if it is one."""
    try:
        return str(parse_shard(value)) if value else ""
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--rounds", type=click.IntRange(1), help="Runs of each suite; more rounds tell noise from change."
)
@click.option("--workers", type=click.IntRange(0), help="pytest-xdist workers; 0 runs without.")
@click.option(
    "--shard",
    metavar="K/N",
    default="",
    callback=shard_option,
    help="Only part K of N, whole modules; with --output.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Baseline file to merge the figures into.")
@click.option(
    "--stall-timeout", type=click.FloatRange(1), help="Seconds without progress before pytest is ended."
)
@click.option(
    "--collect-all",
    is_flag=True,
    help="Collect every test file, also those known to hold no test of a suite.",
)
@click.option(
    "--against",
    metavar="REVISION",
    help="Then confirm with 'paceline gate' what got slower since REVISION.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show only the tables and what went wrong.")
@format_option
@size_option
def profile(
    suites: tuple[str, ...],
    directory: Path,
    rounds: int | None,
    workers: int | None,
    shard: str,
    output: Path | None,
    stall_timeout: float | None,
    collect_all: bool,
    against: str | None,
    quiet: bool,
    format_: Format,
    max_size: int,
) -> int:
    """Profile opt-in suites and store their figures.

    Runs each SUITE (all of them by default) in a pytest process of its own, shows where the time went, and
    merges the figures into the baseline file. What could not be measured never replaces what was.

    \b
    paceline profile                          every suite, once
    paceline profile schema --rounds 5        one suite, five times
    paceline profile schema --workers 2       with pytest-xdist
    paceline profile schema --shard 1/3 --output part.json   a third of it; see `paceline merge`
    paceline profile schema --against main    then say for sure what got slower since main
    """
    root = directory.resolve()
    config = load_config(root)
    selected = chosen(config, suites, workers)
    _check_xdist(selected)
    if against is not None:
        resolve(root, against)  # before anything takes its time
    path = (root / config.output) if output is None else output.resolve()
    if shard and path == (root / config.output).resolve():
        raise click.UsageError("a part of a suite is no baseline; name another file with --output")
    stored = read_baseline(path)
    justifications = stored.justifications if stored is not None else ()
    request = ProfileRequest(
        root=root,
        output=path,
        config=config,
        suites=selected,
        steps=steps(selected, rounds, shard),
        stall_timeout=stall_timeout or config.stall_timeout,
        collect_all=collect_all,
        refuse=lambda before, found, runs: unjustified_counts(before, found, runs, justifications),
    )
    signal.signal(signal.SIGTERM, interrupt)
    console = Console(stderr=True, quiet=quiet)
    with _alone(root, console), _progress(console, request) as observer:
        profiled, interrupted = run_profile(request, observer)
    reports, shown = tuple(_report(suite, directory, output) for suite in profiled), _shown(request.output)
    document = profile_document(reports, shown)
    summarise(document)
    code = Exit.INTERRUPTED if interrupted else _exit(profiled, part=bool(shard))
    confirms = against is not None and code not in (Exit.INTERRUPTED, Exit.NOT_MEASURED)
    record = ProfileRecord(suites=reports, baseline=shown)
    if not (confirms and format_ == "json"):
        show_as(document, record, format_, Console(), max_size)
    if not confirms:
        return code
    message = request_text(None, os.environ)
    found = gated(Pairing(root=root, config=config, suites=selected, base=against, message=message), console)
    if format_ == "json":
        say(replace(record, against=comparison_record(found)))
    else:
        show(found, format_, max_size)
    return max(code, exit_of(found.applied.comparisons))


def _check_xdist(suites: tuple[Suite, ...]) -> None:
    if any(suite.workers for suite in suites) and find_spec("xdist") is None:
        raise MissingDependencyError(
            "workers are asked for, and pytest-xdist is not installed",
            hint="Install it with: pip install 'pytest-paceline[xdist]'.",
        )


def _alone(root: Path, console: Console) -> FileLock:
    """Return the lock that keeps two profiles of one project from disturbing each other's figures."""
    path = root / NAME / "profile.lock"
    try:
        state_folder(root)
        lock = FileLock(path)
        lock.acquire(timeout=0)
        lock.release()
    except Timeout:
        console.print("another profile of this project is running; waiting for it to end", highlight=False)
        return FileLock(path)
    except OSError as error:
        raise UnwritableFileError(
            f"{path.parent} can't be written: {error.strerror}",
            hint="Paceline keeps its run files there; make the project's folder writable.",
        ) from error
    return lock


def _progress(console: Console, request: ProfileRequest) -> PlainProgress:
    kind = LiveProgress if console.is_terminal and not os.environ.get("CI") else PlainProgress
    return kind(console, _expected(read_baseline(request.output)), request.steps)


def _expected(baseline: Baseline | None) -> dict[str, float]:
    """Return the wall seconds that a run of each suite took when it was last measured."""
    if baseline is None:
        return {}
    walls = {name: suite.profile.wall_time for name, suite in baseline.suites.items()}
    return {name: wall.median for name, wall in walls.items() if wall is not None}


def _accepting(suite: str, directory: Path, output: Path | None) -> str:
    """Return the command that accepts what was refused, for the same project and the same file."""
    words = ["paceline", "baseline", "accept", suite]
    words += ["-C", str(directory)] if directory != Path() else []
    words += ["--output", _shown(output.resolve())] if output is not None else []
    return shlex.join(words)


def _report(suite: ProfiledSuite, directory: Path, output: Path | None) -> SuiteReport:
    before = suite.before.profile if suite.before is not None else None
    return SuiteReport(
        profile=suite.profile,
        change=change(before, suite.profile),
        slowest=tuple(ranking(suite.profile)[:_SHOWN_SLOWEST]),
        kept=before if suite.stored.profile is before else None,
        failed_attempt=suite.stored.last_attempt,
        refused=suite.refused,
        accept=_accepting(suite.profile.suite, directory, output) if suite.refused else "",
    )


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _exit(profiled: tuple[ProfiledSuite, ...], *, part: bool) -> Exit:
    statuses = {result.status for suite in profiled for result in suite.results}
    if part:  # of a suite with fewer modules than machines some get none
        statuses.discard("no_tests")
    if not statuses <= {"measured", "tests_failed"}:
        return Exit.NOT_MEASURED
    if any(suite.refused for suite in profiled):
        return Exit.REGRESSED
    return Exit.TESTS_FAILED if "tests_failed" in statuses else Exit.FINE
