"""Cut an SQL script into statements, as the server's own client does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<opaque> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*` | /\*.*?\*/ | (?:\#|--\s)[^\n]*)
    | (?P<delimiter> ^[ \t]*DELIMITER[ \t]+(?P<new>\S+)[^\n]*$)
    | (?P<other> .)
    """,
    re.DOTALL | re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def statements(script: str) -> Iterator[str]:
    """Yield the statements of `script`; a line `DELIMITER //` changes what ends them."""
    delimiter, text, position = ";", "", 0
    while position < len(script):
        if script.startswith(delimiter, position):
            position += len(delimiter)
            if text.strip():
                yield text.strip()
            text = ""
            continue
        match = _TOKEN.match(script, position)
        assert match is not None
        position = match.end()
        if match["delimiter"]:
            delimiter = match["new"]
        else:
            text += match[0]
    if re.sub(r"(?:#|--\s)[^\n]*", "", text).strip():
        yield text.strip()
