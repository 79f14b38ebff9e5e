"""The project's own noise, stored beside the baseline: `pytest_marker_calibration.json`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from paceline.errors import UnreadableFileError
from paceline.model.calibration import CALIBRATION_VERSION, Calibrations, SuiteCalibration
from paceline.store.atomic import write_atomically
from paceline.store.codec import ShapeError, decode, encode

NAME = "pytest_marker_calibration.json"


def read_calibrations(path: Path) -> Calibrations:
    """Return what the file holds; nothing if there is none.

    Raises:
        UnreadableFileError: it holds something else, or was written by a newer version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Calibrations()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} can't be read: {error}") from error
    try:
        found = decode(Calibrations, json.loads(text))
    except (ValueError, ShapeError) as error:
        raise UnreadableFileError(
            f"{path} is no calibration: {error}", hint="Make it anew with 'paceline calibrate'."
        ) from error
    if found.schema_version > CALIBRATION_VERSION:
        raise UnreadableFileError(
            f"{path} has schema version {found.schema_version}, newer than {CALIBRATION_VERSION}",
            hint="Update Paceline.",
        )
    return found


def write_calibration(path: Path, suite: str, calibration: SuiteCalibration) -> None:
    """Put the calibration of `suite` into the file, and leave the others as they are.

    Raises:
        UnreadableFileError: there is a file, and it is none of ours.
        UnwritableFileError: the file system refuses.
    """
    old = read_calibrations(path)
    new = replace(old, suites=dict(sorted({**old.suites, suite: calibration}.items())))
    write_atomically(path, json.dumps(encode(new), indent=2) + "\n")
