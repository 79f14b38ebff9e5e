"""`paceline gate`: run the base revision and the working tree side by side, and say what got slower."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
from filelock import FileLock
from rich.console import Console

from paceline.cli.compare import show
from paceline.cli.formats import MEANING, size_option
from paceline.cli.gate_progress import LiveWatcher, PlainWatcher
from paceline.cli.judging import today, trailers, with_commits
from paceline.compare.justified import apply
from paceline.compare.outcome import exit_of
from paceline.compare.rules import Rules
from paceline.config import Config, Suite, load_config
from paceline.model.baseline import Baseline
from paceline.model.budget import budget_seconds
from paceline.model.justification import Justification
from paceline.paired.preparation import base_side, head_side
from paceline.paired.request import GateRequest
from paceline.paired.sample import Bench
from paceline.paired.session import Gated
from paceline.paired.session import gate as run_gate
from paceline.paired.tree import Tree, checked_out, fork_point
from paceline.profile.plan import chosen
from paceline.report.words import count, seconds
from paceline.stats.nomination import Nomination
from paceline.store.baseline_file import read_baseline
from paceline.store.calibration_file import NAME, read_calibrations
from paceline.store.state_folder import state_folder

_KEPT = 20  # gates
#: Looser than for a verdict on stored figures: pairs clear a suspect for little.
_SUSPICIOUS = Rules(test=Nomination(z=0.3, change=0.05), total=Nomination(z=0.5, change=0.03, seconds=0.05))


@click.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--base", metavar="REVISION", help="Compare with this commit, not with where HEAD left main.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    metavar="MINUTES",
    help="What isn't decided by then is inconclusive.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "github"]),
    default="text",
    show_default=True,
    help=f"{MEANING} github: annotations, and a table in the job summary.",
)
@size_option
def gate(
    suites: tuple[str, ...],
    directory: Path,
    base: str | None,
    time_limit: float | None,
    form: str,
    max_size: int,
) -> int:
    """Say for sure what got slower, by running both revisions side by side.

    Checks the base revision out into a temporary folder and runs each SUITE (all of them by default) once on
    both sides. Tests that look slower then run again, in turns with the base and in fresh processes: 3, 6 or
    10 pairs, and those that still look slower once more. Your working tree is compared as it is, uncommitted
    changes included, and is not touched.

    \b
    paceline gate                        against where HEAD left main
    paceline gate schema --base v2.1     one suite, against a tag
    paceline gate --time-limit 10        at most ten minutes
    """
    root = directory.resolve()
    config = load_config(root)
    selected = chosen(config, suites, None)
    commit = base or fork_point(root, config.gate.base)
    deadline = time.monotonic() + 60 * (time_limit or config.gate.time_limit)
    signal.signal(signal.SIGTERM, interrupt)
    console = Console(stderr=True)
    with FileLock(state_folder(root) / "profile.lock"), checked_out(root, commit) as tree:
        console.print(f"base: {_named(tree, base)}", highlight=False)
        gated = _gate(root, config, selected, tree, deadline, console)
    stored = read_baseline(root / config.output)
    comparisons = with_commits(root, [one.comparison for one in gated])
    written, malformed = trailers(root, comparisons, "")
    applied = apply(comparisons, (*_justifications(stored), *written), today())
    show(applied, malformed, form, max_size)
    processes, spent = sum(one.processes for one in gated), sum(one.seconds for one in gated)
    console.print(f"{count(processes, 'pytest run')}, {seconds(spent)}", highlight=False)
    return exit_of(applied.comparisons)


def _gate(
    root: Path, config: Config, suites: tuple[Suite, ...], tree: Tree, deadline: float, console: Console
) -> list[Gated]:
    for old in sorted(state_folder(root, "gate").iterdir())[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    with watching(console) as watcher:
        request = GateRequest(
            bench=Bench(
                folder=state_folder(root, "gate", stamp),
                stall_timeout=config.stall_timeout,
                advanced=watcher.advanced,
            ),
            base=base_side(tree, root, config.gate),
            head=head_side(root),
            rules=_SUSPICIOUS,
            budgets={suite.name: budget_seconds(suite.budget) for suite in suites if suite.budget},
            controls=config.gate.controls,
            deadline=deadline,
            labels=(tree.commit[:10], "working tree"),
            calibrations=read_calibrations((root / config.output).with_name(NAME)).suites,
        )
        return [run_gate(request, suite, watcher) for suite in suites]


def watching(console: Console) -> AbstractContextManager[PlainWatcher]:
    """Return who tells the user how it gets on."""
    if console.is_terminal and not os.environ.get("CI"):
        return LiveWatcher(console)
    return nullcontext(PlainWatcher(console))


def _named(tree: Tree, base: str | None) -> str:
    name = f"{base}, " if base else ""
    return f"{name}{tree.commit[:10]}, checked out beside your working tree"


def _justifications(baseline: Baseline | None) -> tuple[Justification, ...]:
    return () if baseline is None else baseline.justifications


def interrupt(number: int, frame: FrameType | None) -> None:
    """A cancelled CI job ends like Ctrl-C: with everything put away."""
    raise KeyboardInterrupt
