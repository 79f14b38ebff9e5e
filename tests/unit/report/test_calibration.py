"""What a person reads of a calibration."""

from __future__ import annotations

from paceline.model.calibration import DurationClass, SuiteCalibration
from paceline.report.calibration_document import calibration_document
from paceline.report.document import Note


def test_chances_are_told_in_words() -> None:
    """Two series that are independent have the chance of one of them, squared."""
    calibration = SuiteCalibration(
        at="2026-11-28T05:29:00Z",
        cpu=None,
        python="3.11",
        pairs=10,
        trials=350,
        alarms=1,
        bound=0.02,
        highest=None,
        classes=(DurationClass(below=None, series=9, spread=0.2, detectable=1.3),),
    )

    notes = [
        block.text
        for block in calibration_document({"schema": calibration}, "c.json").blocks
        if isinstance(block, Note)
    ]

    assert notes[0] == (
        "schema: 1 false alarm in 350 trials of 10 pairs, so at most 2.00% with 95 % confidence; a gate asks "
        "for two such series, at most one in 2,500 if they are independent"
    )
