"""The cache `.paceline/files.json`: losing it costs one complete collection."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from paceline.errors import UnwritableFileError
from paceline.model.known_files import KnownFiles, KnownSuite
from paceline.store.atomic import write_atomically
from paceline.store.codec import ShapeError, decode, encode


def read_known_files(path: Path) -> KnownFiles:
    """Return what the cache holds; nothing if it is missing or not usable."""
    try:
        return decode(KnownFiles, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ShapeError):
        return KnownFiles()


def remember(path: Path, suite: str, known: KnownSuite) -> None:
    """Put what was learned about `suite` into the cache; a cache that can't be written is done without."""
    old = read_known_files(path)
    new = replace(old, suites={**old.suites, suite: known})
    with suppress(UnwritableFileError):
        write_atomically(path, json.dumps(encode(new), indent=0))
