"""What github-action-benchmark reads with `tool: customSmallerIsBetter`."""

from __future__ import annotations

import json

from paceline.model.run import Run
from paceline.model.status import final_attempts
from paceline.report.exports.figures import seconds


def render(run: Run) -> str:
    """Return the times of the tests that passed, in milliseconds, with their phases as text."""
    found: list[dict[str, object]] = []
    for test in final_attempts(run):
        took = seconds(test)
        if test.outcome == "passed" and took is not None:
            phases = ", ".join(
                f"{phase.phase} {phase.values['duration'] * 1e3:.3f} ms"
                for phase in test.phases
                if "duration" in phase.values
            )
            found.append({"name": test.nodeid, "unit": "ms", "value": round(took * 1e3, 6), "extra": phases})
    return json.dumps(found, ensure_ascii=False, indent=1)
