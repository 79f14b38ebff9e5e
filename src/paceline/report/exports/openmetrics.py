"""OpenMetrics text: https://openmetrics.io. Sums only; a label for each test would be too many series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paceline.model.run import OUTCOMES, PHASES, Run
from paceline.model.status import outcomes_of, status_of

Labels = Mapping[str, str | None]


def render(run: Run) -> str:
    """Return the sums of a run as gauges, each with the suite as a label."""
    return "\n".join([*_lines(run), "# EOF", ""])


def _lines(run: Run) -> Iterator[str]:
    suite: Labels = {"suite": run.header.suite}
    revision = run.header.revision
    yield "# TYPE paceline_run info"
    yield "# HELP paceline_run What was run."
    told: dict[str, str | None] = {
        "run_id": run.header.run_id,
        "status": status_of(run),
        "vcs_ref_head_revision": revision.commit if revision else None,
        "vcs_ref_head_name": revision.branch if revision else None,
    }
    yield _sample("paceline_run_info", {**suite, **told}, 1)
    yield from _family("paceline_tests", "Tests by outcome.")
    outcomes = outcomes_of(run)
    for outcome in OUTCOMES:
        yield _sample("paceline_tests", {**suite, "outcome": outcome}, outcomes[outcome])
    yield from _family("paceline_phase_seconds", "Wall time of a phase, over all tests.", "seconds")
    for phase_name in PHASES:
        known = [
            phase.values["duration"]
            for test in run.tests
            for phase in test.phases
            if phase.phase == phase_name and "duration" in phase.values
        ]
        if known:
            yield _sample("paceline_phase_seconds", {**suite, "phase": phase_name}, sum(known))
    yield from _family("paceline_span_seconds", "Wall time around the tests, over all processes.", "seconds")
    spans: dict[str, float] = {}
    for span in run.spans:
        if span.duration is not None:
            spans[span.name] = spans.get(span.name, 0.0) + span.duration
    for name, value in spans.items():
        yield _sample("paceline_span_seconds", {**suite, "span": name}, value)
    if run.costs.fixtures:
        yield from _family("paceline_shared_fixtures_seconds", "Wall time of shared fixtures.", "seconds")
        shared = sum(fixture.own.get("duration", 0.0) for fixture in run.costs.fixtures)
        yield _sample("paceline_shared_fixtures_seconds", suite, shared)
    if run.end is not None and run.end.duration is not None:
        yield from _family("paceline_wall_seconds", "Wall time of the whole process.", "seconds")
        yield _sample("paceline_wall_seconds", suite, run.end.duration)


def _family(name: str, text: str, unit: str = "") -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {text}"


def _sample(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items() if label is not None)
    return f"{name}{{{pairs}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
