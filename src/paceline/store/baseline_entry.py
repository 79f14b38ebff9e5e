"""One suite of the baseline file, to text and back.

The keys `marker`, `command`, `wall_time_seconds` and `slow_tests` are those of the workflow's first readers.
In their files 0.0 stands for "not run in a provisioned environment"; it is read as that, and never written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from paceline.model.baseline import Anchor, SuiteBaseline
from paceline.model.environment import Environment, Revision
from paceline.model.metric import Metric
from paceline.model.profile import BETWEEN, ISOLATION, SHARED, Attempt, Profile, SlowTest, Summary, TestSeries
from paceline.model.run import OUTCOMES, PHASES, SPANS, Outcome, PhaseName, RunStatus
from paceline.store.codec import ShapeError, decode, decode_any, encode
from paceline.store.json_text import compact, rounded

#: Order of the numbers that stand for a `Summary`.
SUMMARY_FIELDS = ("n", "median", "spread", "low", "high")
#: Parts of a session in the order in which they are written.
PARTS = (*SPANS[:3], SHARED, *PHASES, ISOLATION, BETWEEN, SPANS[-1])
#: Metrics that explain a single run and differ in every one: they stay in the run files.
_OF_THE_RUN = frozenset(
    {
        "run_delay",
        "gc_time",
        "gc_full_collections",
        "voluntary_switches",
        "involuntary_switches",
        "minor_page_faults",
        "major_page_faults",
        "peak_rss",
        "children_cpu_time",
    }
)
NOT_RUN = "not run in a provisioned environment (0.0)"


def entry_to_text(suite: SuiteBaseline) -> str:
    """Return `suite` as the text of a JSON object, indented for its place in the file."""
    profile = suite.profile
    counted = frozenset(metric.name for metric in profile.metrics if metric.noise == "counted")
    metrics = partial(_metrics, counted=counted)
    lines = [
        _member("marker", profile.marker),
        _member("command", profile.command),
        _member("status", profile.status),
        _member("reason", profile.reason),
        _member("recorded_at", profile.recorded_at),
        _member("wall_time_seconds", _median(profile.wall_time)),
        _member("cpu_time_seconds", _median(profile.cpu_time)),
        _member("rounds", profile.rounds),
        _member("workers", profile.workers),
        _member("dist", profile.dist),
        _member("seed", profile.seed),
        _member("outcomes", dict(profile.outcomes)),
        _member("revision", encode(profile.revision)),
        _member("environment", encode(profile.environment)),
        _member("last_attempt", encode(suite.last_attempt)),
        _list("metrics", [compact(encode(metric)) for metric in profile.metrics]),
        *_anchor(suite.anchor),
        _list("unreported", [compact(nodeid) for nodeid in profile.unreported]),
        _list("unstable", [compact(nodeid) for nodeid in profile.unstable]),
        _list("slow_tests", [compact(_slow(test)) for test in suite.slow_tests]),
        _member("summary_fields", list(SUMMARY_FIELDS)),
        _object("process", _process(profile)),
        _object("totals", {part: metrics(profile.totals[part]) for part in PARTS if part in profile.totals}),
        _object("fixtures", {name: metrics(profile.fixtures[name]) for name in sorted(profile.fixtures)}),
        _object("tests", {test.nodeid: _test(test, metrics) for test in profile.tests}),
    ]
    body = ",\n".join(f"      {line}" for line in lines)
    return f"{{\n{body}\n    }}"


def entry_from_json(name: str, value: object) -> SuiteBaseline:
    """Return the suite `name` that the JSON `value` describes.

    Raises:
        ShapeError: it describes something else.
    """
    if not isinstance(value, dict):
        raise ShapeError(f"the profile {name!r} is {value!r}, expected an object")
    entry = cast("dict[str, Any]", value)
    where = f"profiles.{name}"
    wall = entry.get("wall_time_seconds")
    if wall is not None and (not isinstance(wall, int | float) or isinstance(wall, bool)):
        raise ShapeError(f"{where}.wall_time_seconds is {wall!r}, expected a number or null")
    base = Profile(
        suite=name,
        marker=decode(str, entry.get("marker", name), f"{where}.marker"),
        command=decode(str, entry.get("command", ""), f"{where}.command"),
        status="not_provisioned",
        reason=NOT_RUN,
    )
    slow = tuple(_slow_test(item, where) for item in entry.get("slow_tests", ()))
    if "status" not in entry:
        return _first_shape(base, wall, slow)
    return SuiteBaseline(
        profile=_profile(base, entry, where),
        slow_tests=slow,
        last_attempt=_optional(Attempt, entry.get("last_attempt"), f"{where}.last_attempt"),
        anchor=_anchor_from(entry, where),
    )


def _first_shape(base: Profile, wall: float | None, slow: tuple[SlowTest, ...]) -> SuiteBaseline:
    if not wall:
        return SuiteBaseline(profile=base)
    figure = Summary(n=1, median=float(wall), spread=None, low=float(wall), high=float(wall))
    measured = Profile(
        suite=base.suite,
        marker=base.marker,
        command=base.command,
        status="measured",
        rounds=1,
        wall_time=figure,
    )
    return SuiteBaseline(profile=measured, slow_tests=slow)


def _profile(base: Profile, entry: Mapping[str, Any], where: str) -> Profile:
    process = _summaries(entry.get("process", {}), f"{where}.process")
    tests = decode_any(Mapping[str, Any], entry.get("tests", {}), f"{where}.tests")
    totals = decode_any(Mapping[str, Any], entry.get("totals", {}), f"{where}.totals")
    fixtures = decode_any(Mapping[str, Any], entry.get("fixtures", {}), f"{where}.fixtures")
    return Profile(
        suite=base.suite,
        marker=base.marker,
        command=base.command,
        status=decode_any(RunStatus, entry["status"], f"{where}.status"),
        reason=_optional(str, entry.get("reason"), f"{where}.reason"),
        recorded_at=_optional(str, entry.get("recorded_at"), f"{where}.recorded_at"),
        rounds=decode(int, entry.get("rounds", 0), f"{where}.rounds"),
        workers=decode(int, entry.get("workers", 0), f"{where}.workers"),
        dist=_optional(str, entry.get("dist"), f"{where}.dist"),
        seed=_optional(str, entry.get("seed"), f"{where}.seed"),
        wall_time=process.get("duration"),
        cpu_time=process.get("cpu_time"),
        outcomes=_outcomes(entry.get("outcomes", {}), f"{where}.outcomes"),
        totals={part: _summaries(value, f"{where}.totals.{part}") for part, value in totals.items()},
        tests=tuple(_series(nodeid, value, where) for nodeid, value in tests.items()),
        fixtures={name: _summaries(value, f"{where}.fixtures.{name}") for name, value in fixtures.items()},
        metrics=decode_any(tuple[Metric, ...], entry.get("metrics", []), f"{where}.metrics"),
        unreported=decode_any(tuple[str, ...], entry.get("unreported", []), f"{where}.unreported"),
        unstable=decode_any(tuple[str, ...], entry.get("unstable", []), f"{where}.unstable"),
        environment=_optional(Environment, entry.get("environment"), f"{where}.environment"),
        revision=_optional(Revision, entry.get("revision"), f"{where}.revision"),
    )


def _anchor(anchor: Anchor | None) -> list[str]:
    """Return the members of the anchor: one line for it, and one for each of its tests."""
    if anchor is None:
        return [_member("anchor", None)]
    members = cast("dict[str, object]", encode(anchor)) | {"total": rounded(anchor.total)}
    del members["tests"]
    tests: dict[str, object] = {nodeid: rounded(anchor.tests[nodeid]) for nodeid in sorted(anchor.tests)}
    return [_member("anchor", members), _object("anchored_tests", tests)]


def _anchor_from(entry: Mapping[str, Any], where: str) -> Anchor | None:
    if entry.get("anchor") is None:
        return None
    members = dict(decode_any(Mapping[str, Any], entry["anchor"], f"{where}.anchor"))
    return decode(Anchor, members | {"tests": entry.get("anchored_tests", {})}, f"{where}.anchor")


def _member(name: str, value: object) -> str:
    return f"{compact(name)}: {compact(value)}"


def _list(name: str, items: list[str]) -> str:
    if not items:
        return f"{compact(name)}: []"
    body = ",\n".join(f"        {item}" for item in items)
    return f"{compact(name)}: [\n{body}\n      ]"


def _object(name: str, items: Mapping[str, object]) -> str:
    if not items:
        return f"{compact(name)}: {{}}"
    body = ",\n".join(f"        {compact(key)}: {compact(value)}" for key, value in items.items())
    return f"{compact(name)}: {{\n{body}\n      }}"


def _median(summary: Summary | None) -> float | None:
    return None if summary is None else rounded(summary.median)


def _process(profile: Profile) -> dict[str, object]:
    figures = {"duration": profile.wall_time, "cpu_time": profile.cpu_time}
    return {name: _numbers(summary) for name, summary in figures.items() if summary is not None}


def _slow(test: SlowTest) -> dict[str, object]:
    return {"nodeid": test.nodeid, "duration": rounded(test.duration), "phase": test.phase}


def _test(test: TestSeries, metrics: Callable[[Mapping[str, Summary]], object]) -> dict[str, object]:
    members: dict[str, object] = {"outcome": test.outcome}
    if test.source_hash is not None:
        members["source_hash"] = test.source_hash
    if test.budget is not None:
        members["budget"] = test.budget
    return members | {phase: metrics(test.phases[phase]) for phase in PHASES if phase in test.phases}


def _metrics(metrics: Mapping[str, Summary], counted: frozenset[str]) -> dict[str, object]:
    """Return the figures by metric; a declared count of nothing goes without saying."""
    return {
        name: _numbers(metrics[name])
        for name in sorted(metrics)
        if name not in _OF_THE_RUN and (metrics[name].high or name not in counted)
    }


def _numbers(summary: Summary) -> float | list[float | None]:
    """Return a single measurement as a number, several as a list in the order of `SUMMARY_FIELDS`."""
    if summary.n == 1:
        return rounded(summary.median)
    spread = None if summary.spread is None else rounded(summary.spread)
    return [summary.n, rounded(summary.median), spread, rounded(summary.low), rounded(summary.high)]


def _summary(value: object, where: str) -> Summary:
    if isinstance(value, int | float):
        return Summary(n=1, median=value, spread=None, low=value, high=value)
    n, median, spread, low, high = decode_any(tuple[int, float, float | None, float, float], value, where)
    return Summary(n=n, median=median, spread=spread, low=low, high=high)


def _summaries(value: object, where: str) -> dict[str, Summary]:
    metrics = decode_any(Mapping[str, Any], value, where)
    return {name: _summary(numbers, f"{where}.{name}") for name, numbers in metrics.items()}


def _series(nodeid: str, value: object, where: str) -> TestSeries:
    test = decode_any(Mapping[str, Any], value, f"{where}.tests[{nodeid!r}]")
    phases: dict[PhaseName, Mapping[str, Summary]] = {
        phase: _summaries(test[phase], f"{where}.tests[{nodeid!r}].{phase}")
        for phase in PHASES
        if phase in test
    }
    outcome: Outcome = decode_any(Outcome, test.get("outcome"), f"{where}.tests[{nodeid!r}].outcome")
    return TestSeries(
        nodeid=nodeid,
        outcome=outcome,
        phases=phases,
        source_hash=_optional(str, test.get("source_hash"), f"{where}.tests[{nodeid!r}].source_hash"),
        budget=_optional(float, test.get("budget"), f"{where}.tests[{nodeid!r}].budget"),
    )


def _slow_test(value: object, where: str) -> SlowTest:
    item = dict(decode_any(Mapping[str, Any], value, f"{where}.slow_tests"))
    item.setdefault("phase", "call")
    return decode(SlowTest, item, f"{where}.slow_tests")


def _outcomes(value: object, where: str) -> dict[Outcome, int]:
    counts = decode_any(Mapping[str, int], value, where)
    return {outcome: counts[outcome] for outcome in OUTCOMES if outcome in counts}


def _optional(kind: type[Any], value: object, where: str) -> Any:
    return None if value is None else decode(kind, value, where)
