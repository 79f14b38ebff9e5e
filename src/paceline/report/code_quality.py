"""A verdict as GitLab's code quality report, which a merge request shows beside the lines. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from paceline.model.verdict import State, SuiteVerdict, Verdict

#: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
_SEVERITIES: dict[str, str] = {"regressed": "major", "suspicious": "minor"}
_OF_SUITE: dict[State, str] = {
    "not_provisioned": "blocker",
    "not_measured": "blocker",
    "tests_failed": "critical",
    "not_comparable": "info",
    "no_baseline": "info",
}
_NOWHERE = ("pyproject.toml", 1)


def render(verdict: Verdict) -> str:
    """Return a JSON list with an issue for each suite that wasn't measured and each change for the worse."""
    return json.dumps([issue for suite in verdict.suites for issue in _issues(suite)], indent=1) + "\n"


def _issues(suite: SuiteVerdict) -> Iterator[dict[str, object]]:
    severity = _OF_SUITE.get(suite.state)
    if severity is not None:
        words = suite.state.replace("_", " ")
        yield _issue(suite.state, f"{suite.suite}: {words}: {suite.sentence}", severity, _NOWHERE)
    for one in suite.findings:
        if one.word in _SEVERITIES:
            text = f"{one.what}: {one.before} → {one.after} ({one.change}){f': {one.why}' if one.why else ''}"
            yield _issue(one.word, text, _SEVERITIES[one.word], _place(one.where))


def _issue(check: str, text: str, severity: str, place: tuple[str, int]) -> dict[str, object]:
    path, line = place
    # The figures change from run to run; what the issue is about doesn't.
    about = f"{check}\0{path}\0{text.partition(': ')[0]}"
    return {
        "description": text,
        "check_name": f"paceline-{check.replace('_', '-')}",
        "fingerprint": hashlib.sha256(about.encode(errors="surrogatepass")).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }


def _place(where: str | None) -> tuple[str, int]:
    file, _, line = (where or "").rpartition(":")
    return (file, max(1, int(line))) if file and line.isdigit() else _NOWHERE
