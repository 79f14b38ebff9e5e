"""JSON Schema of the baseline file.

What it writes in a shape of its own, such as a `Summary` as a number or a list, is stated here and held
against real output by a test.
"""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

from paceline.model.baseline import BASELINE_VERSION, Anchor, Baseline, SuiteBaseline
from paceline.model.profile import Profile, Summary, TestSeries
from paceline.model.run import PHASES
from paceline.store.baseline_entry import PARTS, SUMMARY_FIELDS
from paceline.store.schema import DIALECT, Schema, all_written, array_of, attribute_texts, properties

#: Members that every entry with a status has: one that is kept byte for byte may be older than the others.
_LASTING = ("marker", "command", "status", "wall_time_seconds", "slow_tests")


def baseline_schema() -> Schema:
    """Return the schema of a baseline file."""
    definitions: dict[str, Schema] = {}
    definitions["profile"] = _entry(definitions)
    definitions["first_shape"] = _first_shape()
    profiles: Schema = {
        "description": "Suite name to its figures.",
        "type": "object",
        "additionalProperties": {
            "if": {"required": ["status"]},
            "then": {"$ref": "#/$defs/profile"},
            "else": {"$ref": "#/$defs/first_shape"},
        },
    }
    generated: Schema = {"description": "ISO 8601 time of the last change.", "type": "string"}
    version: Schema = {"const": BASELINE_VERSION}
    members = {"schema_version": version, "generated_at": generated, "profiles": profiles}
    schema = all_written("The figures that a project commits and reviews.", members)
    schema["properties"] |= properties(Baseline, definitions, ("justifications",))
    return {
        "$schema": DIALECT,
        "title": "Paceline baseline file",
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }


def _entry(definitions: dict[str, Schema]) -> Schema:
    """Return the schema of one suite in the baseline, its members in the order in which they are written."""
    definitions["summary"] = _summary(definitions)
    definitions["metrics"] = {
        "description": "Metric name to its figures.",
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/summary"},
    }
    metrics: Schema = {"$ref": "#/$defs/metrics"}
    definitions["test"] = _test(definitions, metrics)
    first = ("marker", "command", "status", "reason", "recorded_at")
    more = ("rounds", "workers", "dist", "seed", "outcomes", "revision", "environment")
    lost = ("unreported", "unstable")
    of_profile = properties(Profile, definitions, (*first, *more, *lost, "metrics"))
    of_suite = properties(SuiteBaseline, definitions, ("last_attempt", "slow_tests"))
    members: dict[str, Schema] = {
        **{name: of_profile[name] for name in first},
        "wall_time_seconds": _nullable_median("wall_time"),
        "cpu_time_seconds": _nullable_median("cpu_time"),
        **{name: of_profile[name] for name in more},
        "last_attempt": of_suite["last_attempt"],
        "metrics": of_profile["metrics"],
        "anchor": _anchor(definitions),
        "anchored_tests": {
            "description": "Node id to seconds at the anchor.",
            "type": "object",
            "additionalProperties": {"type": "number"},
        },
        **{name: of_profile[name] for name in lost},
        "slow_tests": of_suite["slow_tests"],
        "summary_fields": {
            "description": "What the numbers of a list of figures are, in their order.",
            "const": list(SUMMARY_FIELDS),
        },
        "process": metrics | {"description": "Figures of the whole pytest process."},
        "totals": {
            "description": "part of the session to its figures, summed over processes",
            "type": "object",
            "propertyNames": {"enum": list(PARTS)},
            "additionalProperties": metrics,
        },
        "fixtures": {
            "description": "Shared fixture to its figures, those that it needs left out.",
            "type": "object",
            "additionalProperties": metrics,
        },
        "tests": {
            "description": "Node id to the test's figures.",
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/test"},
        },
    }
    return {"description": "One suite.", "type": "object", "properties": members, "required": list(_LASTING)}


def _anchor(definitions: dict[str, Schema]) -> Schema:
    """Return the schema of the anchor; its tests stand on lines of their own."""
    names = tuple(item.name for item in fields(Anchor) if item.name != "tests")
    schema = all_written(
        "What the suite took at a fixed point in its past.", properties(Anchor, definitions, names)
    )
    return {"anyOf": [schema, {"type": "null"}]}


def _first_shape() -> Schema:
    """Return the schema of an entry that is kept as an earlier script wrote it."""
    return {
        "description": "An entry of an earlier script, until its suite is profiled; 0.0: not measured.",
        "type": "object",
        "properties": {
            "marker": {"type": "string"},
            "command": {"type": "string"},
            "wall_time_seconds": {"type": ["number", "null"]},
            "slow_tests": {"type": "array", "items": {"type": "object", "required": ["nodeid", "duration"]}},
        },
    }


def _test(definitions: dict[str, Schema], metrics: Schema) -> Schema:
    schema = all_written("One test over all rounds.", properties(TestSeries, definitions, ("outcome",)))
    schema["properties"] |= properties(TestSeries, definitions, ("source_hash", "budget"))
    schema["properties"] |= dict.fromkeys(PHASES, metrics)
    return schema


def _summary(definitions: dict[str, Schema]) -> Schema:
    """Return the schema of the figures that stand for a `Summary`."""
    hints = get_type_hints(Summary)
    several = array_of(tuple(hints[name] for name in SUMMARY_FIELDS), definitions)
    return {
        "description": "A single measurement as a number, several as a list; see summary_fields.",
        "oneOf": [{"type": "number"}, several],
    }


def _nullable_median(name: str) -> Schema:
    text = attribute_texts(Profile)[name].rstrip(".")
    return {"description": f"Median: {text}. Null if it was not measured.", "type": ["number", "null"]}
