"""Numbers as people read them."""

from __future__ import annotations

#: Stands for a number that isn't known.
DASH = "\N{EN DASH}"
#: How the verdict on a series is told.
VERDICTS: dict[str, str] = {
    "regressed": "regressed",
    "inconclusive": "suspicious",
    "improved": "improved",
    "unchanged": "unchanged",
    "added": "added",
    "removed": "removed",
    "not_comparable": "not comparable",
}


def seconds(value: float | None) -> str:
    """Return a duration with a fitting unit; a dash if it is unknown."""
    if value is None:
        return DASH
    if value >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest:02d} s"
    if value >= 0.9995:  # which would be rounded to 1000 ms
        return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"
    if value >= 0.001:
        return f"{value * 1e3:.3g} ms"
    return f"{value * 1e6:.0f} µs"


def size(value: float) -> str:
    """Return a number of bytes with a fitting unit."""
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def quantity(value: float, unit: str) -> str:
    """Return a number in a UCUM unit as people read it."""
    match unit:
        case "s":
            return seconds(value)
        case "By":
            return size(value)
        case "1":
            return f"{value:.10g}"
        case _:
            return f"{value:.4g} {unit}"


def share(part: float, whole: float) -> str:
    """Return a part in per cent of the whole; a dash if there is no whole."""
    return f"{part / whole:.0%}" if whole else DASH


def relative(ratio: float | None) -> str:
    """Return a ratio as a signed percentage; a dash if it is unknown."""
    return DASH if ratio is None else f"{ratio - 1:+.0%}"


def because(status: str, reason: str | None) -> str:
    """Return a status in words with its reason, which may begin with the same words."""
    words = status.replace("_", " ")
    if not reason:
        return words
    return reason if reason.startswith(words) else f"{words}: {reason}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 test", "2 tests"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Return a text, such as a node id, on one line: control characters are shown as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
