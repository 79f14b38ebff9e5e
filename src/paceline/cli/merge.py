"""`paceline merge`: make one recording of what several jobs have left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from paceline.cli.formats import Format, format_option, show, size_option
from paceline.cli.sides import by_suite, command_of
from paceline.compare.change import change
from paceline.config import Config, load_config
from paceline.errors import Exit, UnreadableFileError
from paceline.model.baseline import SuiteBaseline
from paceline.model.run import Run
from paceline.profile.aggregate import aggregate, ranking, slowest
from paceline.profile.anchor import anchor_of
from paceline.report.profile_document import SuiteReport, profile_document
from paceline.report.records import ProfileRecord
from paceline.store.atomic import write_bytes_atomically
from paceline.store.baseline_file import read_baseline, write_suites
from paceline.store.run_file import SUFFIX, compressed, content_of, parse_run
from paceline.store.shards import Leg, parse_leg, united
from paceline.store.state_folder import state_folder

_SHOWN_SLOWEST = 5


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write the figures of all jobs to.",
)
@format_option
@size_option
def merge(folders: tuple[Path, ...], directory: Path, output: Path, format_: Format, max_size: int) -> int:
    """Make one recording of what several jobs have left.

    Reads the run files and profiles in each FOLDER, unites the shards of a suite to one run, puts the runs
    into .paceline/runs, where `compare`, `report` and `verdict` find them, and writes the figures of all
    suites to one file. The shards of a run have to be complete.

    \b
    paceline merge legs --output profile/pytest-profile.json
    """
    root = directory.resolve()
    config = load_config(root)
    found = gathered(folders)
    runs = _kept(root, found.legs)
    suites = _figures(config, runs, found.unmeasured)
    if suites:
        write_suites(output.resolve(), suites, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for problem in found.problems:
        click.echo(f"paceline: warning: {problem}", err=True)
    if not suites:
        raise UnreadableFileError(
            f"there is neither a run file nor a profile in {', '.join(map(str, folders))}",
            hint="Name the folder into which the artifacts of the jobs were put.",
        )
    reports = tuple(_report(suite) for _, suite in sorted(suites.items()))
    record = ProfileRecord(suites=reports, baseline=str(output))
    show(profile_document(reports, str(output)), record, format_, Console(), max_size)
    return Exit.NOT_MEASURED if found.problems else Exit.FINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What the jobs have left.

    Attributes:
        legs: of each run either the whole or all shards.
        unmeasured: suites of which there is a profile and no run.
        problems: what is missing, in words.
    """

    legs: tuple[tuple[Leg, ...], ...]
    unmeasured: dict[str, SuiteBaseline]
    problems: tuple[str, ...]


def gathered(folders: Sequence[Path]) -> Gathered:
    """Return what lies in `folders` and below.

    Raises:
        UnreadableFileError: a run file is none.
    """
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    legs = [parse_leg(content_of(path), str(path)) for path in files if SUFFIX in path.suffixes]
    runs: dict[tuple[str, int, int], dict[int, Leg]] = {}
    whole: list[tuple[Leg, ...]] = []
    for leg in sorted(legs, key=lambda leg: leg.run_id):
        if leg.shards == 1:
            whole.append((leg,))
        else:  # of a job that was run again, the newer one counts
            runs.setdefault((leg.suite or "", leg.round, leg.shards), {})[leg.shard] = leg
    complete = [tuple(parts.values()) for (_, _, shards), parts in runs.items() if len(parts) == shards]
    problems = tuple(
        f"{suite}, round {round_}: {', '.join(_missing(parts, shards))} of {shards} shards left no run file"
        for (suite, round_, shards), parts in runs.items()
        if len(parts) < shards
    )
    measured = {leg.suite for leg in legs}
    unmeasured = {
        name: suite
        for path in files
        if path.suffix == ".json"
        for name, suite in _profiles(path).items()
        if name not in measured
    }
    return Gathered(legs=(*whole, *complete), unmeasured=unmeasured, problems=problems)


def _missing(parts: dict[int, Leg], shards: int) -> Iterator[str]:
    return (str(number) for number in range(1, shards + 1) if number not in parts)


def _profiles(path: Path) -> dict[str, SuiteBaseline]:
    try:
        baseline = read_baseline(path)
    except UnreadableFileError:
        return {}  # another tool's file
    return dict(baseline.suites) if baseline is not None else {}


def _kept(root: Path, legs: Sequence[tuple[Leg, ...]]) -> list[Run]:
    """Put each run into the project's folder of runs and return it."""
    folder = state_folder(root, "runs")
    runs: list[Run] = []
    for parts in legs:
        first = min(parts, key=lambda leg: leg.shard)
        content = first.content if len(parts) == 1 else united(parts)
        runs.append(parse_run(content, first.name))
        name = Path(first.name).name.partition(SUFFIX)[0]
        write_bytes_atomically(folder / f"{name}{SUFFIX}.gz", compressed(content))
    return runs


def _figures(
    config: Config, runs: Sequence[Run], unmeasured: dict[str, SuiteBaseline]
) -> dict[str, SuiteBaseline]:
    found = dict(unmeasured)
    for name, members in by_suite(runs).items():
        arguments = members[-1].header.arguments
        profile = aggregate(name, arguments.marker_expression, command_of(arguments.command_line), members)
        found[name] = SuiteBaseline(
            profile=profile, slow_tests=slowest(profile, config.slowest), anchor=anchor_of(profile)
        )
    return found


def _report(suite: SuiteBaseline) -> SuiteReport:
    return SuiteReport(
        profile=suite.profile,
        change=change(None, suite.profile),
        slowest=tuple(ranking(suite.profile)[:_SHOWN_SLOWEST]),
    )
