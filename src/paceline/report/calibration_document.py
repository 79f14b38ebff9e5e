"""The report of a calibration: what a gate can see, and how often chance looks like it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paceline.model.calibration import DurationClass, SuiteCalibration
from paceline.report.document import Cell, Column, Document, Note, Table
from paceline.report.words import count, relative, seconds

_COLUMNS = (
    Column(name="Phases of tests"),
    Column(name="Number", numeric=True),
    Column(name="A pair varies by", numeric=True),
    Column(name="Slowdown seen", numeric=True),
)


def calibration_document(suites: Mapping[str, SuiteCalibration], path: str) -> Document:
    """Return the report of the suites that were calibrated.

    Args:
        path: of the file that holds the figures.
    """
    blocks: list[Table | Note] = []
    for name, calibration in suites.items():
        blocks.append(Table(title=name, columns=_COLUMNS, rows=tuple(_rows(calibration.classes))))
        blocks.append(Note(text=_chance(name, calibration)))
    return Document(title="Paceline calibrate", blocks=(*blocks, Note(text=f"stored in {path}", tone="dim")))


def _rows(classes: tuple[DurationClass, ...]) -> Iterator[tuple[Cell, ...]]:
    lower = 0.0
    for one in classes:
        name = f"from {seconds(lower)}" if one.below is None else f"{seconds(lower)} to {seconds(one.below)}"
        lower = one.below or lower
        yield (
            Cell(text=name),
            Cell(text=str(one.series)),
            Cell(text=f"{one.spread:.1%}"),
            Cell(text=relative(one.detectable)),
        )


def _chance(name: str, calibration: SuiteCalibration) -> str:
    alarms = count(calibration.alarms, "false alarm")
    bound = calibration.bound
    return (
        f"{name}: {alarms} in {calibration.trials} trials of {count(calibration.pairs, 'pair')}, so at most "
        f"{bound:.2%} with 95 % confidence; a gate asks for two such series, at most one in "
        f"{round(1 / bound**2):,} if they are independent"
    )
