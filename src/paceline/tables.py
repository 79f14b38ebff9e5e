"""Tables of a TOML file as arguments of dataclasses; errors say where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any, cast

from paceline.errors import ConfigError


def checked(
    kind: type,
    table: object,
    where: str,
    *,
    extra: AbstractSet[str] = frozenset(),
    hidden: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """Return `table` as keyword arguments of the dataclass `kind`, each of the right type.

    Args:
        where: the table's place in the file, for messages.
        extra: further keys that are passed on as they are.
        hidden: fields of `kind` that can't be set in the file.

    Raises:
        ConfigError: an unknown key, or a value of the wrong type.
    """
    types = {item.name: str(item.type) for item in fields(kind) if item.name not in hidden}
    values: dict[str, Any] = {}
    for key, value in mapping(table, where).items():
        if key in extra or types.get(key, "").endswith("Config"):
            values[key] = value
        elif key in types:
            values[key] = _converted(value, types[key], f"{where}.{key}")
        else:
            known = [*types, *extra]
            hint = nearest(key, known) or f"Known keys are {', '.join(sorted(known))}."
            raise ConfigError(f"unknown key {where}.{key}", hint=hint)
    return values


_SIMPLE: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
}


def _converted(value: object, annotation: str, where: str) -> object:
    match annotation:
        case "tuple[str, ...]":
            if isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value)):
                return tuple(cast("list[str]", value))
            expected = "a list of strings"
        case "tuple[tuple[str, str], ...]":
            if isinstance(value, dict) and all(
                isinstance(item, str) for item in cast("dict[str, object]", value).values()
            ):
                return tuple(sorted(cast("dict[str, str]", value).items()))
            expected = "a table of strings"
        case _:
            # Exact types: in Python, True is a whole number.
            kinds, expected = _SIMPLE.get(annotation, ((str,), "a string"))
            if type(value) in kinds:
                return float(cast("float", value)) if annotation == "float" else value
    raise ConfigError(f"{where} must be {expected}, not {value!r}")


def mapping(table: object, where: str) -> Mapping[str, object]:
    """Return `table`, which must be one.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table, not {table!r}")
    return cast("dict[str, object]", table)


def one_of(value: str, known: tuple[str, ...], where: str) -> None:
    """Make sure that `value` is one of `known`.

    Raises:
        ConfigError: it is not.
    """
    if value not in known:
        hint = nearest(value, known) or f"Use one of {', '.join(known)}."
        raise ConfigError(f"{where} holds {value!r}", hint=hint)


def at_least(value: float, least: int, where: str) -> None:
    """Make sure that `value` isn't too small.

    Raises:
        ConfigError: it is.
    """
    if value < least:
        raise ConfigError(f"{where} is {value}", hint=f"Use {least} or more.")


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return a hint at the one of `known` that `name` was probably meant to be; empty if none is near."""
    import difflib  # only a mistake needs it, and it is read with every configuration

    match = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {match[0]!r}?" if match else ""
