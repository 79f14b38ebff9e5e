"""Bencher Metric Format: https://bencher.dev. Its measure `latency` is in nanoseconds."""

from __future__ import annotations

import json

from paceline.model.run import Run
from paceline.model.status import final_attempts
from paceline.report.exports.figures import counts, seconds


def render(run: Run) -> str:
    """Return the times and counts of the tests that passed; of others they mean something else."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for test in final_attempts(run):
        took = seconds(test)
        if test.outcome == "passed":
            measures = {name.replace("_", "-"): value for name, value in counts(run, test).items()}
            if took is not None:
                measures = {"latency": round(took * 1e9), **measures}
            if measures:
                found[test.nodeid] = {name: {"value": value} for name, value in measures.items()}
    return json.dumps(found, ensure_ascii=False, indent=1)
