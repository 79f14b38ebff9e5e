"""JSON as text: where the members of an object stand, and numbers with a stable length."""

from __future__ import annotations

import json

_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


def members(text: str, name: str) -> dict[str, str]:
    """Return the raw text of each member of the object that the top-level member `name` of `text` is.

    Raises:
        ValueError: `text` is not a JSON object with such a member.
    """
    start = dict(_spans(text, _skip(text, 0))).get(name)
    if start is None:
        raise ValueError(f"no member {name!r}")
    return {key: text[begin:end] for key, (begin, end) in _spans(text, start[0])}


def rounded(number: float) -> float:
    """Return a number of seconds to what is significant: three digits, and hundredths of a millisecond.

    A positive number never becomes 0.0, which would read as "not measured". Whole numbers are counts and stay
    as they are.
    """
    if number <= 0:
        return 0.0
    whole = float(number).is_integer()
    short = number if whole else max(round(float(f"{number:.3g}"), 5), 1e-5)
    return int(short) if float(short).is_integer() else short


def compact(value: object) -> str:
    """Return `value` as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def _spans(text: str, at: int) -> list[tuple[str, tuple[int, int]]]:
    """Return the members of the object that begins at `at`, each with where its value begins and ends."""
    if text[at : at + 1] != "{":
        raise ValueError("not an object")
    found: list[tuple[str, tuple[int, int]]] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(text, begin)
        found.append((key, (begin, end)))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS and at < len(text):
        at += 1
    return at
