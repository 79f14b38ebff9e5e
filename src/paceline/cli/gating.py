"""Runs the pairs of a gate on another revision, and judges what they say."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from filelock import FileLock
from rich.console import Console

from paceline.cli.gate_progress import LiveWatcher, PlainWatcher
from paceline.cli.judging import Judged, judged
from paceline.compare.rules import WORTH_A_LOOK
from paceline.config import Config, Suite
from paceline.errors import BaseSetupError
from paceline.model.baseline import Baseline, SuiteBaseline
from paceline.model.budget import budget_seconds
from paceline.paired.preparation import Side, base_side, head_side
from paceline.paired.request import GateRequest, Watcher
from paceline.paired.sample import Bench
from paceline.paired.session import Gated, undecided
from paceline.paired.session import gate as run_gate
from paceline.paired.tree import Tree, checked_out, fork_point
from paceline.report.words import count, seconds
from paceline.store.baseline_file import read_baseline
from paceline.store.calibration_file import NAME, read_calibrations
from paceline.store.state_folder import state_folder

_KEPT = 20  # gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What is to be gated.

    Attributes:
        base: revision to compare with; None: where HEAD left the configured branch.
        minutes: time limit; None: the configured one.
        message: text of the pull request, with its justifications.
    """

    root: Path
    config: Config
    suites: tuple[Suite, ...]
    base: str | None
    minutes: float | None = None
    message: str = ""


def gated(wanted: Pairing, console: Console) -> Judged:
    """Run both revisions of the suites side by side, and return the verdicts.

    Raises:
        RevisionError: there is no such base.
        KeyboardInterrupt: Ctrl-C, or SIGTERM; everything was put away.
    """
    root, config = wanted.root, wanted.config
    deadline = time.monotonic() + 60 * (wanted.minutes or config.gate.time_limit)
    commit = wanted.base or fork_point(root, config.gate.base)
    signal.signal(signal.SIGTERM, interrupt)
    with FileLock(state_folder(root) / "profile.lock"), checked_out(root, commit) as tree:
        console.print(f"base: {_named(tree, wanted.base)}", highlight=False)
        found = _run(wanted, tree, deadline, console)
    processes, spent = sum(one.processes for one in found), sum(one.seconds for one in found)
    console.print(f"{count(processes, 'pytest run')}, {seconds(spent)}", highlight=False)
    stored = read_baseline(root / config.output)
    justifications = () if stored is None else stored.justifications
    comparisons = [one.comparison for one in found]
    complete = len(wanted.suites) == len(config.suites)
    return judged(root, comparisons, justifications, wanted.message, complete=complete)


def _run(wanted: Pairing, tree: Tree, deadline: float, console: Console) -> list[Gated]:
    stored = read_baseline(wanted.root / wanted.config.output)
    with watching(console) as watcher:
        request = _request(wanted, tree, deadline, watcher, stored)
        if isinstance(request, str):
            labels = (tree.commit[:10], "working tree")
            return [
                Gated(comparison=undecided(labels, suite, request), processes=0, seconds=0.0)
                for suite in wanted.suites
            ]
        return [run_gate(request, suite, watcher) for suite in wanted.suites]


def _request(
    wanted: Pairing, tree: Tree, deadline: float, watcher: PlainWatcher, stored: Baseline | None
) -> GateRequest | str:
    """Return what the gate is to do; or why the base can't be run."""
    root, config = wanted.root, wanted.config
    base = _base(wanted, tree, deadline, watcher)
    if isinstance(base, str):
        return base
    suites: Mapping[str, SuiteBaseline] = stored.suites if stored is not None else {}
    return GateRequest(
        bench=new_bench(root, config, watcher, deadline),
        base=base,
        head=head_side(root),
        rules=WORTH_A_LOOK,
        budgets={suite.name: budget_seconds(suite.budget) for suite in wanted.suites if suite.budget},
        controls=config.gate.controls,
        loops=config.gate.loops,
        deadline=deadline,
        labels=(tree.commit[:10], "working tree"),
        calibrations=read_calibrations((root / config.output).with_name(NAME)).suites,
        anchors={name: suite.anchor for name, suite in suites.items() if suite.anchor is not None},
    )


def _base(wanted: Pairing, tree: Tree, deadline: float, watcher: Watcher) -> Side | str:
    settings = wanted.config.gate
    if settings.setup:
        watcher.said("preparing the base's environment")
    try:
        return base_side(tree, wanted.root, settings, deadline=deadline)
    except BaseSetupError as error:
        return f"the base could not be prepared: {error.message}"


def new_bench(root: Path, config: Config, watcher: PlainWatcher, deadline: float) -> Bench:
    """Return a new folder for run files and logs; those of the oldest gates go."""
    for old in sorted(state_folder(root, "gate").iterdir())[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return Bench(
        folder=state_folder(root, "gate", stamp),
        stall_timeout=config.stall_timeout,
        advanced=watcher.advanced,
        deadline=deadline,
    )


def watching(console: Console) -> AbstractContextManager[PlainWatcher]:
    """Return who tells the user how it gets on."""
    if console.is_terminal and not os.environ.get("CI"):
        return LiveWatcher(console)
    return nullcontext(PlainWatcher(console))


def _named(tree: Tree, base: str | None) -> str:
    name = f"{base}, " if base else ""
    return f"{name}{tree.commit[:10]}, checked out beside your working tree"


def interrupt(number: int, frame: FrameType | None) -> None:
    """A cancelled CI job ends like Ctrl-C: with everything put away."""
    raise KeyboardInterrupt
