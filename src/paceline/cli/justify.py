"""`paceline justify`: accept a slowdown in writing."""

from __future__ import annotations

from pathlib import Path

import click

from paceline.cli import git
from paceline.cli.formats import Format, plain_format_option, say
from paceline.cli.judging import today
from paceline.compare.justified import put, targets
from paceline.compare.trailer import day_of, ratio_of
from paceline.config import load_config
from paceline.errors import JustificationError, UnreadableFileError
from paceline.model.justification import Justification
from paceline.report.records import JustifyRecord
from paceline.store.baseline_file import read_baseline, write_justifications


@click.command()
@click.argument("target")
@click.option("--reason", help="Why it is worth it.")
@click.option("--owner", help="Who answers for it; by default git's user.email.")
@click.option("--until", metavar="DATE", help="Last day on which it holds, such as 2026-12-31.")
@click.option("--up-to", metavar="RATIO", help="Largest ratio that it covers, such as 1.5x.")
@click.option("--remove", is_flag=True, help="Take the justification of TARGET back.")
@click.option(
    "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The project's folder."
)
@click.option("--output", type=click.Path(path_type=Path), help="Baseline file to store it in.")
@plain_format_option
def justify(
    target: str,
    reason: str | None,
    owner: str | None,
    until: str | None,
    up_to: str | None,
    remove: bool,
    directory: Path,
    output: Path | None,
    format_: Format,
) -> int:
    """Accept a slowdown in writing.

    TARGET is a test, a fixture, a part of the session, or a suite; a file, a class or a suite stands for
    everything in it, and * for any characters. What is stored with the baseline is reviewed like code, and
    printed wherever the verdict is.

    \b
    paceline justify tests/test_orders.py::test_export --reason "audit trail" --until 2026-12-31
    paceline justify schema --reason "PostgreSQL 19" --up-to 1.2x
    """
    root = directory.resolve()
    path = root / load_config(root).output if output is None else output.resolve()
    baseline = read_baseline(path)
    if baseline is None:
        raise UnreadableFileError(
            f"there is no baseline {path.name}", hint="Make one with 'paceline profile' first."
        )
    if remove:
        kept = tuple(item for item in baseline.justifications if item.target != target)
        if len(kept) == len(baseline.justifications):
            raise JustificationError(f"nothing justifies {target!r}", hint=_listed(baseline.justifications))
        matched = None
    else:
        new = _justification(target, reason, owner or git.author(root), until, up_to)
        kept, matched = put(baseline.justifications, new), targets(new, baseline)
        if not matched:
            click.echo(f"paceline: nothing in the baseline is called {target!r} yet", err=True)
    write_justifications(path, kept)
    if format_ == "json":
        say(JustifyRecord(baseline=str(path), justifications=kept, matched=matched))
    return 0


def _justification(
    target: str, reason: str | None, owner: str | None, until: str | None, up_to: str | None
) -> Justification:
    if not reason or not reason.strip():
        raise JustificationError(f"{target!r} is justified without a reason", hint="Say why with --reason.")
    if not owner:
        raise JustificationError(
            f"nobody answers for {target!r}", hint="Name somebody with --owner; git knows no user.email here."
        )
    return Justification(
        target=target.strip(),
        reason=" ".join(reason.split()),
        owner=owner.strip(),
        until=_day(until),
        up_to=_ratio(up_to),
    )


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        day = day_of(text)
    except ValueError as error:
        raise JustificationError(f"{text!r} is no date", hint="Write it as 2026-12-31.") from error
    if day < today():
        raise JustificationError(f"{day} has passed", hint="Name the last day on which it should hold.")
    return day


def _ratio(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return ratio_of(text)
    except ValueError as error:
        raise JustificationError(str(error), hint="Write it as 1.5x.") from error


def _listed(justifications: tuple[Justification, ...]) -> str:
    known = ", ".join(item.target for item in justifications)
    return f"There are justifications for {known}." if known else "There are no justifications."
