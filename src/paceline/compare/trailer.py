"""Justifications in the text of a commit or a pull request: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from paceline.model.justification import Justification

_TRAILER = re.compile(r"^Paceline-Justify:[ \t]*(?P<rest>.*)$", re.MULTILINE | re.IGNORECASE)
#: Conditions in brackets at the end, each of which begins with one of these words.
_CONDITIONS = re.compile(r"(?P<reason>.*\S)\s*\((?P<inner>(?:until|up to|owner)\s[^()]*)\)", re.IGNORECASE)
_CONDITION = re.compile(r"(?P<word>until|up to|owner)\s+(?P<value>\S.*)", re.IGNORECASE)
_RATIO = re.compile(r"(\d+(?:\.\d+)?) ?x?")


def from_text(text: str, owner: str) -> tuple[tuple[Justification, ...], tuple[str, ...]]:
    """Return the trailers in a message, and those that are malformed.

    A trailer is a line `Paceline-Justify: TARGET: REASON`, with conditions in brackets behind it, such as
    `(until 2026-12-31, up to 1.5x, owner ann)`.

    Args:
        owner: who wrote the text.
    """
    found: list[Justification] = []
    bad: list[str] = []
    for match in _TRAILER.finditer(text):
        # A node id has colons too, but none that a blank follows.
        target, separator, reason = match["rest"].strip().partition(": ")
        made = None
        if separator and target.strip() and reason.strip():
            made = _with_conditions(target.strip(), reason.strip(), owner)
        if made is None:
            bad.append(match[0].strip())
        else:
            found.append(made)
    return tuple(found), tuple(bad)


def _with_conditions(target: str, reason: str, owner: str) -> Justification | None:
    bare = Justification(target=target, reason=reason, owner=owner)
    match = _CONDITIONS.fullmatch(reason)
    if match is None:
        return bare
    try:
        conditions = dict(_conditions(match["inner"]))
        return Justification(
            target=target,
            reason=match["reason"],
            owner=conditions.get("owner", owner),
            until=day_of(conditions["until"]) if "until" in conditions else None,
            up_to=ratio_of(conditions["up to"]) if "up to" in conditions else None,
        )
    except ValueError:
        return None


def _conditions(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        match = _CONDITION.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part.strip()!r} is no condition")
        yield match["word"].lower(), match["value"].strip()


def day_of(text: str) -> str:
    """Return an ISO 8601 date as it is stored.

    Raises:
        ValueError: it is none.
    """
    return date.fromisoformat(text.strip()).isoformat()


def ratio_of(text: str) -> float:
    """Return the ratio in a text such as "1.5x".

    Raises:
        ValueError: it is none above 1.
    """
    match = _RATIO.fullmatch(text.strip())
    if match is None or float(match[1]) <= 1:
        raise ValueError(f"{text!r} is no ratio above 1")
    return float(match[1])
