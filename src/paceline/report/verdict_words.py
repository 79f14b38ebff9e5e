"""How each state of a verdict is told, whatever the format."""

from __future__ import annotations

from paceline.model.verdict import State
from paceline.report.document import Tone

#: The first line of a report.
HEADLINES: dict[State, str] = {
    "regressed": "heavy tests got slower",
    "not_provisioned": "heavy tests had no environment to run in",
    "not_measured": "heavy tests could not be measured",
    "tests_failed": "heavy tests failed",
    "justified": "heavy tests got slower, with a reason in writing",
    "not_comparable": "heavy tests can't be compared",
    "no_baseline": "heavy tests have no baseline yet",
    "passed": "heavy tests are as fast as before",
}
#: The mark and the words of each state; no two look alike.
SIGNS: dict[State, tuple[str, str]] = {
    "regressed": ("❌", "regressed"),
    "not_provisioned": ("🔌", "not provisioned"),
    "not_measured": ("⛔", "not measured"),
    "tests_failed": ("🧪", "tests failed"),
    "justified": ("📝", "justified"),
    "not_comparable": ("⚖️", "not comparable"),
    "no_baseline": ("🆕", "no baseline"),
    "passed": ("✅", "passed"),
}
TONES: dict[State, Tone] = {
    "regressed": "bad",
    "not_provisioned": "bad",
    "not_measured": "bad",
    "tests_failed": "bad",
    "justified": "warning",
    "not_comparable": "warning",
    "no_baseline": "dim",
    "passed": "good",
}
