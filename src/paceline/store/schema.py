"""JSON Schemas of the files, derived from the types that their text becomes.

The walk over annotations is that of `codec`. A schema describes what this version writes; like the reader,
it allows members that it doesn't know.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import cleandoc
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from paceline.model.cost import ModuleMemory, ProcessState, SessionPart, SharedFixture
from paceline.model.run import (
    SCHEMA_VERSION,
    CollectionError,
    MetricOff,
    RunEnd,
    RunHeader,
    SessionSpan,
    TestRecord,
)

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: dict[object, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
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
    return {"$schema": DIALECT, **root, **({"$defs": definitions} if definitions else {})}


def schema_of_each(title: str, text: str, kinds: Mapping[str, type]) -> Schema:
    """Return a schema whose definitions are those of `kinds`, by their names, and of all that they hold."""
    definitions: dict[str, Schema] = {}
    named = {name: _object(kind, definitions) for name, kind in kinds.items()}
    return {
        "$schema": DIALECT,
        "title": title,
        "description": text,
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in named],
        "$defs": named | definitions,
    }


def run_file_schema() -> Schema:
    """Return the schema of one line of a run file."""
    definitions: dict[str, Schema] = {}
    lines: dict[str, Schema] = {}
    for kind, record in _RECORDS.items():
        lines[kind] = _with_kind(kind, _object(record, definitions))
    for kind, (text, members) in _EVENTS.items():
        written = {name: _schema(member, definitions) for name, member in members.items()}
        lines[kind] = _with_kind(kind, all_written(text, written))
    lines["header"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": DIALECT,
        "title": "Paceline run file",
        "description": "One line of a run file; the first line is the header.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in lines],
        "$defs": lines | definitions,
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


def _with_kind(kind: str, schema: Schema) -> Schema:
    written = {"kind": {"const": kind}, **schema["properties"]}
    return schema | {"properties": written, "required": ["kind", *schema["required"]]}


def all_written(text: str, written: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object all of whose members are always written."""
    members = {"properties": dict(written), "required": list(written)}
    return {"description": text, "type": "object", **members}


def _object(kind: type, definitions: dict[str, Schema]) -> Schema:
    required = [
        item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING
    ]
    return {
        "description": cleandoc(kind.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": properties(kind, definitions),
        "required": required,
    }


def properties(
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
        return array_of(get_args(kind), definitions)
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


def array_of(arguments: tuple[Any, ...], definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a tuple with these type arguments."""
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
