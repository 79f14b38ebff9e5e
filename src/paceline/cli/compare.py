"""`paceline compare`: lay two sides beside each other and say what changed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

from paceline.cli.formats import size_option
from paceline.cli.judging import judged
from paceline.cli.sides import Found, default_base, default_candidate, find, with_output, with_paths
from paceline.cli.verdicts import format_option, message_option, request_text, show
from paceline.compare.compare import compare as compare_sides
from paceline.compare.outcome import exit_of
from paceline.compare.places import placed
from paceline.compare.rules import Rules
from paceline.config import Config, load_config
from paceline.errors import NotComparableError
from paceline.model.budget import budget_seconds
from paceline.model.comparison import Comparison
from paceline.model.justification import Justification
from paceline.store.baseline_file import read_baseline


@click.command()
@click.argument("base", required=False)
@click.argument("candidate", required=False)
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--suite", "suites", multiple=True, metavar="SUITE", help="Compare this suite only.")
@format_option
@size_option
@message_option
def compare(
    base: str | None,
    candidate: str | None,
    directory: Path,
    suites: tuple[str, ...],
    form: str,
    max_size: int,
    message: TextIO | None,
) -> int:
    """Compare two sides and say what changed.

    BASE and CANDIDATE are each a baseline file, that file in a git revision (REVISION: or REVISION:PATH), a
    run file, or a folder of run files. By default BASE is the committed baseline and CANDIDATE the newest
    profile. Counts are compared exactly. A single test that looks slower is suspicious, and never fails the
    command by itself.

    \b
    paceline compare                       newest profile against the committed baseline
    paceline compare main:                 against the baseline on main
    paceline compare old.jsonl new.jsonl   two recorded runs
    """
    root = directory.resolve()
    config = load_config(root)
    old = find(with_output(base, config), root) if base else default_base(root, config)
    new = find(with_output(candidate, config), root) if candidate else default_candidate(root)
    comparisons = compared(old, new, config, suites)
    justifications = stored_justifications(root, config, old, new)
    text = request_text(message, os.environ)
    found = judged(root, comparisons, justifications, text, complete=not suites)
    show(found, form, max_size)
    return exit_of(found.applied.comparisons)


def stored_justifications(root: Path, config: Config, old: Found, new: Found) -> tuple[Justification, ...]:
    """Return those of the project's baseline file as it lies there, or else of the sides.

    The working tree counts, because a justification is made on the branch that needs it.
    """
    present = read_baseline(root / config.output)
    baselines = [present] if present is not None else [old.baseline, new.baseline]
    return tuple(
        dict.fromkeys(item for baseline in baselines if baseline for item in baseline.justifications)
    )


def compared(old: Found, new: Found, config: Config, suites: tuple[str, ...] = ()) -> tuple[Comparison, ...]:
    """Return the comparison of each suite that both sides have.

    Raises:
        NotComparableError: they have none in common.
    """
    common = _common(old, new, suites)
    budgets = {suite.name: budget_seconds(suite.budget) for suite in config.suites if suite.budget}
    paths = {suite.name: suite.paths for suite in config.suites}
    rules = Rules()
    found: list[Comparison] = []
    for before, after in common:
        candidate = with_paths(new.side(after), paths.get(after, ()))
        like = candidate.runs[-1] if candidate.runs else None
        base = with_paths(old.side(before, like), paths.get(before, ()))
        one = compare_sides(base, candidate, rules, budgets.get(after))
        found.append(placed(_asking(one) if after in paths else one, candidate.runs))
    return tuple(found)


def _asking(comparison: Comparison) -> Comparison:
    """Return `comparison` with the way to be sure of what is suspicious, if anything is."""
    unsure = any(
        delta.verdict == "inconclusive" and delta.evidence != "counted" for delta in comparison.deltas
    )
    if not unsure:
        return comparison
    note = f"one job can't tell what is suspicious from noise; paceline gate {comparison.suite} can"
    return replace(comparison, notes=(*comparison.notes, note))


def _common(old: Found, new: Found, suites: tuple[str, ...]) -> list[tuple[str, str]]:
    names = [name for name in new.suites if name in old.suites and (not suites or name in suites)]
    if names:
        return [(name, name) for name in names]
    if len(old.suites) == len(new.suites) == 1 and not suites:
        return [(old.suites[0], new.suites[0])]  # two recorded runs need no suite
    raise NotComparableError(
        f"{old.label} and {new.label} have no suite in common",
        hint=f"They hold {_listed(old)} and {_listed(new)}.",
    )


def _listed(found: Found) -> str:
    return ", ".join(found.suites) or "none"
