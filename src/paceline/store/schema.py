"""JSON Schemas of the files, derived from the types that their text becomes.

The walk over annotations is that of `codec`. A schema describes what this version writes; like the reader,
it allows members that it doesn't know. What the baseline file writes in a shape of its own (a `Summary` as a
number or a list) is stated here and held against real output by a test.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import cleandoc
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from paceline.model.baseline import BASELINE_VERSION, Baseline, SuiteBaseline
from paceline.model.cost import ModuleMemory, ProcessState, SessionPart, SharedFixture
from paceline.model.profile import Profile, Summary, TestSeries
from paceline.model.run import (
    PHASES,
    SCHEMA_VERSION,
    CollectionError,
    MetricOff,
    RunEnd,
    RunHeader,
    SessionSpan,
    TestRecord,
)
from paceline.store.baseline_entry import PARTS, SUMMARY_FIELDS

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: dict[object, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
#: Members that every entry with a status has: one that is kept byte for byte may be older than the others.
_LASTING = ("marker", "command", "status", "wall_time_seconds", "slow_tests")
#: The kinds of lines whose members are those of a type.
_RECORDS: dict[str, type] = {
    "header": RunHeader,
    "collection_error": CollectionError,
    "test": TestRecord,
    "span": SessionSpan,
    "fixture": SharedFixture,
    "part": SessionPart,
    "memory": ModuleMemory,
    "process": ProcessState,
    "metric_off": MetricOff,
    "end": RunEnd,
}
#: The kinds that have no type of their own, with the annotations of their members.
_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "collected": ("Node ids that were selected to run.", {"nodeids": tuple[str, ...]}),
    "deselected": ("How many tests were collected and not selected.", {"count": int}),
    "service": (
        "Version of a service that the tests use, as a set-up reported it.",
        {"name": str, "version": str},
    ),
}


def schema_of(kind: type) -> Schema:
    """Return the schema of the JSON object that `codec.encode` makes of the dataclass `kind`."""
    definitions: dict[str, Schema] = {}
    root = _object(kind, definitions)
    return {"$schema": _DIALECT, **root, **({"$defs": definitions} if definitions else {})}


def run_file_schema() -> Schema:
    """Return the schema of one line of a run file."""
    definitions: dict[str, Schema] = {}
    lines: dict[str, Schema] = {}
    for kind, record in _RECORDS.items():
        lines[kind] = _with_kind(kind, _object(record, definitions))
    for kind, (text, members) in _EVENTS.items():
        properties = {name: _schema(member, definitions) for name, member in members.items()}
        lines[kind] = _with_kind(kind, _all_written(text, properties))
    lines["header"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": _DIALECT,
        "title": "Paceline run file",
        "description": "One line of a run file; the first line is the header.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in lines],
        "$defs": lines | definitions,
    }


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
    schema = _all_written("The figures that a project commits and reviews.", members)
    schema["properties"] |= _properties(Baseline, definitions, ("justifications",))
    return {
        "$schema": _DIALECT,
        "title": "Paceline baseline file",
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }


def attribute_texts(kind: type) -> dict[str, str]:
    """Return what the section `Attributes:` of a docstring says about each field."""
    _, found, section = cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    if not found:
        return {}
    body = section.split("\n\n", 1)[0]
    joined = re.sub(r"\n\s{5,}", " ", body)
    entries = (line.strip().partition(": ") for line in joined.splitlines())
    return {name: text for name, found, text in entries if found}


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
    of_profile = _properties(Profile, definitions, (*first, *more, *lost, "metrics"))
    of_suite = _properties(SuiteBaseline, definitions, ("last_attempt", "slow_tests"))
    members: dict[str, Schema] = {
        **{name: of_profile[name] for name in first},
        "wall_time_seconds": _nullable_median("wall_time"),
        "cpu_time_seconds": _nullable_median("cpu_time"),
        **{name: of_profile[name] for name in more},
        "last_attempt": of_suite["last_attempt"],
        "metrics": of_profile["metrics"],
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
    schema = _all_written("One test over all rounds.", _properties(TestSeries, definitions, ("outcome",)))
    schema["properties"] |= _properties(TestSeries, definitions, ("source_hash", "budget"))
    schema["properties"] |= dict.fromkeys(PHASES, metrics)
    return schema


def _summary(definitions: dict[str, Schema]) -> Schema:
    """Return the schema of the figures that stand for a `Summary`."""
    hints = get_type_hints(Summary)
    several = _array(tuple(hints[name] for name in SUMMARY_FIELDS), definitions)
    return {
        "description": "A single measurement as a number, several as a list; see summary_fields.",
        "oneOf": [{"type": "number"}, several],
    }


def _nullable_median(name: str) -> Schema:
    text = attribute_texts(Profile)[name].rstrip(".")
    return {"description": f"Median: {text}. Null if it was not measured.", "type": ["number", "null"]}


def _with_kind(kind: str, schema: Schema) -> Schema:
    properties = {"kind": {"const": kind}, **schema["properties"]}
    return schema | {"properties": properties, "required": ["kind", *schema["required"]]}


def _all_written(text: str, properties: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object all of whose members are always written."""
    members = {"properties": dict(properties), "required": list(properties)}
    return {"description": text, "type": "object", **members}


def _object(kind: type, definitions: dict[str, Schema]) -> Schema:
    required = [
        item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING
    ]
    return {
        "description": cleandoc(kind.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": _properties(kind, definitions),
        "required": required,
    }


def _properties(
    kind: type, definitions: dict[str, Schema], names: tuple[str, ...] | None = None
) -> dict[str, Schema]:
    """Return the schema of each field of `kind`, or of those called `names`."""
    texts = attribute_texts(kind)
    hints = get_type_hints(kind)
    return {
        name: ({"description": _in_json(texts[name])} if name in texts else {})
        | _schema(hints[name], definitions)
        for name in names or [item.name for item in fields(kind)]
    }


def _schema(kind: Any, definitions: dict[str, Schema]) -> Schema:
    """Return the schema of what the annotation `kind` describes; dataclasses are put into `definitions`."""
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _reference(cast("type", kind), definitions)
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if kind is Any:
        return {}
    if origin in (Union, types.UnionType):
        return _any_of(_schema(choice, definitions) for choice in get_args(kind))
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is tuple:
        return _array(get_args(kind), definitions)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(kind), definitions)
    raise TypeError(f"no JSON Schema for {kind!r}")


def _reference(kind: type, definitions: dict[str, Schema]) -> Schema:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # its place in the order, and the end of a recursion
        definitions[kind.__name__] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _any_of(choices: Iterable[Schema]) -> Schema:
    listed = list(choices)
    if all([*choice] == ["type"] for choice in listed):
        return {"type": [choice["type"] for choice in listed]}
    return {"anyOf": listed}


def _array(arguments: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    items = [_schema(argument, definitions) for argument in arguments]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _mapping(arguments: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    key, value = arguments
    names = {"propertyNames": _schema(key, definitions)} if get_origin(key) is Literal else {}
    return {"type": "object", **names, "additionalProperties": _schema(value, definitions)}


def _in_json(text: str) -> str:
    return re.sub(r"\bNone\b", "null", text)
