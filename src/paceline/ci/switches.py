"""Environment variables that switch heavy tests on: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from paceline.ci.sources import Sources

#: Without another default than a false one: whoever has one chooses between values, and switches nothing on.
_READ = re.compile(
    r"""(?:environ(?:\.get\(|\[)|getenv\()\s*["']([A-Z][A-Z0-9_]*)["']\s*(?:,\s*(?:["'](?:0|false|no|off)?["']|None|False|0)\s*)?[)\]]"""
    r"""|["']([A-Z][A-Z0-9_]*)["']\s+(?:not\s+)?in\s+(?:os\.)?environ""",
    re.IGNORECASE,
)
_SWITCH = re.compile(
    r"(?:RUN|ENABLE|WITH)_[A-Z0-9_]+"
    r"|(?:[A-Z0-9_]+_)?(?:SLOW|HEAVY|INTEGRATION|E2E|FUNCTIONAL|ACCEPTANCE)(?:_TESTS?)?|[A-Z0-9_]*(?:DB|DATABASE)_TESTS?"
)
#: What tells an address, a name or a secret from a switch.
_VALUE = re.compile(r"(?:URL|URI|DSN|HOST|PORT|USER|PASSWORD|NAME|PATH|DIR|KEY|TOKEN|SECRET|ID)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A variable that tests ask for before they run.

    Attributes:
        where: `file:line` of the first such question.
    """

    name: str
    where: str


def read_switches(sources: Sources) -> tuple[Switch, ...]:
    """Return the variables by whose names the project's tests are switched on."""
    return tuple({switch.name: switch for switch in reversed([*_found(sources)])}.values())[::-1]


def _found(sources: Sources) -> Iterator[Switch]:
    for file, text in sources.tests():
        for match in _READ.finditer(text):
            name = match[1] or match[2]
            if _SWITCH.fullmatch(name) and not _VALUE.search(name) and _decides(text, match):
                yield Switch(name=name, where=f"{file}:{text.count(chr(10), 0, match.start()) + 1}")


def _decides(text: str, match: re.Match[str]) -> bool:
    """Tell whether a condition, or a variable that holds one, is made of what is read."""
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    _, skipif, since = text[max(0, match.start() - 200) : match.start()].rpartition("skipif(")
    if skipif and _is_open(since):
        return True
    return re.search(r"\bif\b|=\s*(?:bool\(|not\s)?[\w.\s]*$", line) is not None


def _is_open(text: str) -> bool:
    """Tell whether the parenthesis before `text` is still open at its end."""
    depth = 1
    for sign in re.findall(r"[()]", text):
        depth += 1 if sign == "(" else -1
        if not depth:
            return False
    return True
