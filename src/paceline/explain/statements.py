"""SQL in few words."""

from __future__ import annotations

import re
from functools import lru_cache

_TABLE = re.compile(
    r"\b(?:from|into|update|table|join|database)\s+(?:if\s+(?:not\s+)?exists\s+)?([\w.\"`]+)", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def summary(statement: str) -> str:
    """Return what a statement does and to which table first, such as "SELECT of orders"."""
    words = statement.split(None, 2)
    if not words:
        return "statement"
    verb = words[0].upper()
    if verb in ("CREATE", "DROP", "ALTER", "SET", "ROLLBACK", "RELEASE") and len(words) > 1:
        return f"{verb} {words[1].upper()}"
    table = _TABLE.search(statement)
    return f"{verb} of {table[1].strip(chr(34) + '`')}" if table else verb
