"""Published JSON Schemas, read strictly."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """Return `schema` without room for members that it doesn't name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(item) for name, item in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in inner else inner
