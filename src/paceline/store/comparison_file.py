"""Reads the comparisons that `paceline compare` and `paceline gate` print for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paceline.errors import UnreadableFileError
from paceline.model.comparison import Comparison
from paceline.store.codec import ShapeError, decode_any

_HINT = "Make one with 'paceline gate --format json' or 'paceline compare --format json'."


def read_comparisons(path: Path) -> tuple[Comparison, ...]:
    """Return the comparisons in the file at `path`.

    Raises:
        UnreadableFileError: missing, or something else.
    """
    try:
        content: Any = json.loads(path.read_bytes())
        found: tuple[Comparison, ...] = decode_any(
            tuple[Comparison, ...], content["comparisons"], "comparisons"
        )
    except OSError as error:
        raise UnreadableFileError(f"the comparison {path} can't be read: {error.strerror}") from error
    except (ShapeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableFileError(f"{path} holds no comparison: {error}", hint=_HINT) from error
    return found
