"""Frozen dataclasses as JSON, for programs."""

from __future__ import annotations

import json

from paceline.store.codec import encode

#: Grows when a name or a meaning changes; new names may come at any time.
VERSION = 1


def render(record: object) -> str:
    """Return `record` with its version, indented, with a line break at the end."""
    return json.dumps({"schema_version": VERSION, **encode(record)}, indent=2) + "\n"
