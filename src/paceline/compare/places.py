"""Where in the project the tests of a comparison stand: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from paceline.model.comparison import Comparison
from paceline.model.run import Run


def placed(comparison: Comparison, runs: Sequence[Run]) -> Comparison:
    """Return `comparison` with the place of each test as the newest of `runs` that has it knows it."""
    places = {
        test.nodeid: f"{test.path}:{test.lineno + 1}"
        for run in runs
        for test in run.tests
        if test.lineno is not None
    }
    deltas = tuple(
        replace(delta, where=places[delta.key.name])
        if delta.key.subject == "test" and delta.key.name in places
        else delta
        for delta in comparison.deltas
    )
    return replace(comparison, deltas=deltas)
