"""Changes of a project's files, before any of them is made: pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A file as it is and as it is to be.

    Attributes:
        path: relative to the project.
        before: None for a file that isn't there.
        what: what it is for, in a few words.
    """

    path: str
    before: str | None
    after: str
    what: str


def unified(edits: Sequence[Edit]) -> Iterator[str]:
    """Yield the lines of a unified diff, without line breaks."""
    for edit in edits:
        yield from difflib.unified_diff(
            (edit.before or "").splitlines(),
            edit.after.splitlines(),
            f"a/{edit.path}" if edit.before is not None else "/dev/null",
            f"b/{edit.path}",
            lineterm="",
        )


def appended(text: str | None, addition: str) -> str:
    """Return `text` with `addition` at its end, an empty line before it, and the line breaks of `text`."""
    if not text:
        return addition
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline if text.endswith("\n") else 2 * newline
    return f"{text}{gap}{addition.replace(chr(10), newline)}"
