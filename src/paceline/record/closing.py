"""The few lines at the end of pytest's output: where the time went, what to fix first, where to read on."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paceline.errors import PacelineError
from paceline.model.times import TIME_NAMES
from paceline.record.writer import warn
from paceline.store.run_totals import read_totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paceline.model.totals import Cost, RunTotals

#: Less than this isn't worth a line: seconds, and the share of all that is known.
_WORTHWHILE, _NOTABLE = 0.01, 0.01
_FEWEST_COLUMNS = 40
#: Characters of a statement or an address, and those that every name keeps.
_LONGEST, _SHORTEST = 48, 20
#: What is done, by the kind of a cost; a fixture and a test have sentences of their own.
_DOING = {
    "sql": "SQL",
    "sleep": "sleep",
    "connect": "connecting to",
    "dns": "looking up",
    "http": "request",
    "subprocess": "running",
    "import": "importing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line for a terminal."""

    text: str
    strong: bool = False


class Closing:
    """The hook that shows the lines; only where the tests are reported, never in a worker."""

    def __init__(self, path: Path) -> None:
        """Sum up the run file that is being written at `path`."""
        self._path = path

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Show what this run spent its time on."""
        brevity = -terminalreporter.verbosity
        # pytest 9 asks even where its own summary is off.
        if brevity >= 2 or config.getoption("no_summary", default=False):
            return
        try:
            totals = read_totals(self._path)
            here = config.invocation_params.dir
            # A log has no width: there, nothing is cut.
            width = None if os.environ.get("CI") else getattr(terminalreporter, "_tw").fullwidth  # noqa: B009  private
            found = lines(
                totals,
                # It is gzipped when pytest has ended.
                record=_relative(self._path.with_name(f"{self._path.name}.gz"), here),
                root=_relative(config.rootpath, here),
                brief=brevity == 1,
                width=width,
            )
            if found:
                terminalreporter.write_sep("=", f"paceline: where {seconds(totals.seconds)} went")
            for line in found:
                terminalreporter.write_line(line.text, bold=line.strong)
        except PacelineError as error:
            warn(config, f"this run can't be summed up: {error}", late=True)
        except Exception as error:  # noqa: BLE001  a failure of ours never changes a suite's outcome
            warn(config, f"this run can't be summed up: {type(error).__name__}: {error}", late=True)


def lines(
    totals: RunTotals, *, record: str, root: str = ".", brief: bool = False, width: int | None = None
) -> tuple[Line, ...]:
    """Return what to show of `totals`, nothing if no test ran; ASCII but for names of the project.

    Args:
        record: path of the run file, as somebody would type it.
        root: path of the project, in the same way.
        brief: only the times and the record.
        width: columns at which a line is cut or wrapped; None: nowhere. Places, paths and commands are never
            cut, as somebody copies them.
    """
    if not totals.tests:
        return ()
    columns = None if width is None else max(_FEWEST_COLUMNS, width - 1)
    found = [Line(text=text) for text in _wrapped(_times(totals), columns)]
    costs = () if brief else _notable(totals)
    if costs:
        found.append(Line(text="To fix first:", strong=True))
        found += [Line(text=_cost(cost, f"{at}. ", columns)) for at, cost in enumerate(costs, 1)]
    inside = "" if root == "." else f" -C {shlex.quote(root)}"
    found.append(Line(text=f"Recorded in {record}; more: paceline explain{inside}"))
    return tuple(found)


def seconds(value: float) -> str:
    """Return a duration in ASCII, as short as it can be told apart from others."""
    if value >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest:02d} s"
    if value >= 0.9995:
        return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"
    return f"{value * 1e3:.0f} ms"


def _times(totals: RunTotals) -> Iterator[str]:
    """Yield the kinds that took time, and those that nobody looked at."""
    known = [
        f"{TIME_NAMES[total.kind]} {seconds(total.seconds)}"
        for total in totals.kinds
        if total.seconds is not None and total.seconds >= 0.0005
    ]
    unknown = [f"{TIME_NAMES[total.kind]} not recorded" for total in totals.kinds if total.seconds is None]
    processes = [f"summed over {totals.processes} workers"] if totals.processes > 1 else []
    yield from known + unknown + processes


def _wrapped(pieces: Iterator[str], columns: int | None) -> Iterator[str]:
    text = ""
    for piece in pieces:
        if text and columns is not None and len(text) + len(piece) + 3 > columns:
            yield f"{text},"
            text = piece
        else:
            text = f"{text}, {piece}" if text else piece
    if text:
        yield text


def _notable(totals: RunTotals) -> tuple[Cost, ...]:
    least = max(_WORTHWHILE, _NOTABLE * totals.seconds)
    return tuple(cost for cost in totals.costs if cost.seconds >= least)


def _cost(cost: Cost, start: str, columns: int | None) -> str:
    """Return a cost on one line; if it is too long, what it is about is cut, and its place stays."""
    often = f", {cost.count} times" if cost.count > 1 else ""
    place = f" at {cost.where}" if cost.where else ""
    match cost.kind:
        case "fixture":
            what = f"fixture {cost.what}"
        case "test":
            what = cost.what.partition("::")[2] or cost.what
        case "sleep":
            what, place = "sleep", place or " at an unknown place"
        case "plugin":
            what, often = f"loading plugin {cost.what} and what it imports first", ""
        case _:
            what = f"{_DOING[cost.kind]} {cost.what}"
            what = what if len(what) <= _LONGEST else f"{what[: _LONGEST - 3]}..."
    start, what, end = f"{start}{seconds(cost.seconds)}: ", _printable(what), _printable(f"{place}{often}")
    room = None if columns is None else columns - len(start) - len(end)
    if room is not None and len(what) > room:
        what = f"{what[: max(0, room - 3)]}..." if room >= _SHORTEST else f"{what[: _SHORTEST - 3]}..."
    return f"{start}{what}{end}"


def _printable(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _relative(path: Path, start: Path) -> str:
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive
        return str(path)
