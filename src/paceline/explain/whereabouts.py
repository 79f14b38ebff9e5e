"""Where most of what was done in several places was done: by counts, which don't change with the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from paceline.model.account import Part


def mostly(parts: Sequence[Part]) -> str:
    """Return in words where `parts`, the longest first, were done; empty if nobody knows.

    One that took more than half of the seconds is named whatever its count. Otherwise what is named has more
    than half of the count: a line or a file; a folder, if some of the parts have no line. Where nothing has
    more than half, the one with most is named with its count.
    """
    placed = [(part.where, part) for part in parts if part.where]
    if not placed:
        return ""
    first, whole = parts[0], sum(part.seconds for part in parts)
    if first.where and 2 * first.seconds > whole:
        return f"most from {first.where}"
    lined = all(_file(where) != where for where, _ in placed)
    counts = Counter[str]()
    for where, part in placed:
        counts[where if lined else _file(where)] += part.count
    place, most = max(counts.items(), key=lambda item: (item[1], item[0]))
    everything = sum(part.count for part in parts)
    if 2 * most > everything:
        return f"most from {place}"
    folder = None if lined else _folder(counts, everything)
    return f"most from {folder}" if folder else f"{most} of them from {place}"


def _file(where: str) -> str:
    file, _, line = where.rpartition(":")
    return file if line.isdecimal() else where


def _folder(counts: Counter[str], everything: int) -> str | None:
    """Return the innermost folder with more than half of `everything`."""
    folders = Counter[str]()
    for file, count in counts.items():
        for folder in _folders(file):
            folders[folder] += count
    holding = [folder for folder, count in folders.items() if 2 * count > everything]
    return max(holding, key=len, default=None)


def _folders(file: str) -> Iterator[str]:
    parts = file.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end]) + "/"
