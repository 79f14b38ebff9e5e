"""Frozen dataclasses to plain JSON values and back, checked against their type annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ShapeError(ValueError):
    """A JSON value doesn't have the shape of the type it should become."""


def encode(value: object) -> Any:
    """Return `value` as dicts, lists and scalars; the fields of a dataclass keep their order."""
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return {str(key): encode(item) for key, item in mapping.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in cast("tuple[object, ...]", value)]
    return value


def decode(kind: type[T], value: object, where: str = "") -> T:
    """Return the JSON `value` as a `kind`.

    Keys that `kind` doesn't know are ignored, so that a newer minor version can add some.

    Raises:
        ShapeError: a value is missing or of the wrong type; the message says where.
    """
    return cast("T", _decode(kind, value, where))


def decode_any(annotation: Any, value: object, where: str = "") -> Any:
    """Return the JSON `value` as what `annotation`, such as a `Literal` or a `Mapping`, describes.

    Raises:
        ShapeError: as `decode`.
    """
    return _decode(annotation, value, where)


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _decode_dataclass(cast("type", kind), value, where)
    if origin in (Union, types.UnionType):
        return _decode_union(kind, value, where)
    if origin is Literal:
        if value not in get_args(kind):
            raise ShapeError(f"{where or 'value'} is {value!r}, expected one of {get_args(kind)}")
        return value
    if origin is tuple:
        return _decode_tuple(kind, value, where)
    if kind is Any:
        return value
    if origin is not None and issubclass(origin, Mapping):
        return _decode_mapping(kind, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ShapeError(f"{where or 'value'} is {value!r}, expected {kind.__name__}")
    return value


def _decode_dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ShapeError(f"{where or kind.__name__} is {value!r}, expected an object")
    given = cast("dict[str, object]", value)
    arguments: dict[str, object] = {}
    for name, (annotation, required) in _shape(kind).items():
        if name in given:
            arguments[name] = _decode(annotation, given[name], f"{where}.{name}" if where else name)
        elif required:
            raise ShapeError(f"{where or kind.__name__} has no {name!r}")
    return kind(**arguments)


def _decode_union(kind: Any, value: Any, where: str) -> Any:
    if value is None and type(None) in get_args(kind):
        return None
    choices = [choice for choice in get_args(kind) if choice is not type(None)]
    if len(choices) == 1:
        return _decode(choices[0], value, where)
    for choice in choices:
        try:
            return _decode(choice, value, where)
        except ShapeError:
            continue
    raise ShapeError(f"{where or 'value'} is {value!r}, expected {kind}")


def _decode_tuple(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ShapeError(f"{where or 'value'} is {value!r}, expected a list")
    items = cast("list[object]", value)
    arguments = get_args(kind)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_decode(arguments[0], item, f"{where}[{at}]") for at, item in enumerate(items))
    if len(items) != len(arguments):
        raise ShapeError(f"{where or 'value'} has {len(items)} items, expected {len(arguments)}")
    return tuple(_decode(arguments[at], item, f"{where}[{at}]") for at, item in enumerate(items))


def _decode_mapping(kind: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ShapeError(f"{where or 'value'} is {value!r}, expected an object")
    items = cast("dict[str, object]", value)
    return {key: _decode(get_args(kind)[1], item, f"{where}[{key!r}]") for key, item in items.items()}


@cache
def _shape(kind: type) -> dict[str, tuple[Any, bool]]:
    """Return the annotation of each field, and whether it must be given."""
    hints = get_type_hints(kind)
    return {
        item.name: (hints[item.name], item.default is MISSING and item.default_factory is MISSING)
        for item in fields(kind)
    }
