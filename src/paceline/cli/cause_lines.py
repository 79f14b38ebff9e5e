"""Finds lines that no run file holds: of slower imports in what was changed, of fixtures in their file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from paceline.cli import git
from paceline.cli.sources import fixture_lines
from paceline.compare.start import WHOLE
from paceline.model.comparison import Cause, Comparison, Delta

#: Lines of a file that a change put there: their numbers and texts.
Lines = Sequence[tuple[int, str]]


def with_lines(root: Path, comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return `comparisons` with `file:line` for slower imports and for fixtures that are built more often."""
    return tuple(_with_lines(root, comparison) for comparison in comparisons)


def _with_lines(root: Path, comparison: Comparison) -> Comparison:
    worse = [delta for delta in comparison.deltas if delta.is_worse]
    modules = [delta.key.name for delta in worse if delta.key.subject == "import"]
    nothing: Mapping[str, Lines] = {}
    changed = _changed(root, comparison.revisions) if modules else nothing
    places = {
        f"importing {name.removesuffix(WHOLE)}": place
        for name in modules
        if (place := place_of_import(name, changed)) is not None
    }
    files = {cause.where for delta in worse for cause in delta.causes if _is_file(cause)}
    lines = fixture_lines(root, sorted(file for file in files if file is not None))

    def placed(cause: Cause) -> Cause:
        if _is_file(cause) and cause.where is not None:
            found = next((line for (file, name), line in lines.items() if _is_of(cause, file, name)), None)
            return cause if found is None else replace(cause, where=f"{cause.where}:{found}")
        named = places.get(cause.text)
        return cause if named is None or cause.where is not None else replace(cause, where=named)

    def located(delta: Delta) -> Delta:
        return replace(delta, causes=tuple(map(placed, delta.causes))) if delta.causes else delta

    return replace(comparison, deltas=tuple(map(located, comparison.deltas)))


def place_of_import(name: str, changed: Mapping[str, Lines]) -> str | None:
    """Return the first changed line of the file of a module, else the new line that imports it.

    Args:
        name: as in a comparison: a module, a package with `.*` behind it, or the path of a test module.
        changed: file to its new lines.
    """
    module = name.removesuffix(WHOLE)
    for file, lines in changed.items():
        if lines and (file == module or _is_file_of(file, module)):
            return f"{file}:{lines[0][0]}"
    package = re.escape(module.partition(".")[0])
    imports = re.compile(rf"\s*(?:import\s+(?:[\w.]+\s*,\s*)*|from\s+){package}\b")
    for file, lines in changed.items():
        for number, text in lines if file.endswith(".py") else ():
            if imports.match(text):
                return f"{file}:{number}"
    return None


def _changed(root: Path, revisions: tuple[str | None, str | None]) -> Mapping[str, Lines]:
    before, after = revisions
    if before is None:
        return {}
    # What HEAD has been measured with may not be committed yet.
    return git.changed_lines(root, before, None if after == git.resolve(root, "HEAD") else after)


def _is_file_of(file: str, module: str) -> bool:
    path = PurePosixPath(file)
    if path.suffix != ".py":
        return False
    parts = path.parent.parts if path.stem == "__init__" else (*path.parent.parts, path.stem)
    names = tuple(module.split("."))
    return parts[-len(names) :] == names


def _is_file(cause: Cause) -> bool:
    return cause.where is not None and cause.where.endswith(".py")


def _is_of(cause: Cause, file: str, name: str) -> bool:
    return file == cause.where and f"fixture {name} " in f"{cause.text} "
