"""The file in which pytest hands its facts to `paceline doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paceline.errors import UnreadableFileError
from paceline.model.facts import Facts
from paceline.store.codec import ShapeError, decode, encode

if TYPE_CHECKING:
    from pathlib import Path


def write_facts(path: Path, facts: Facts) -> None:
    """Write `facts` to `path`."""
    path.write_text(json.dumps(encode(facts)), encoding="utf-8")


def read_facts(path: Path) -> Facts | None:
    """Return the facts in `path`, or None if there is no such file.

    Raises:
        UnreadableFileError: it holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return decode(Facts, json.loads(text))
    except (ShapeError, ValueError) as error:
        raise UnreadableFileError(f"{path} doesn't hold what pytest found: {error}") from error
