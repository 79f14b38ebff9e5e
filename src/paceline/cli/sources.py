"""Finds the lines where fixtures are defined, in the project as it is now."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path


def fixture_lines(root: Path, files: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return the line of every function of `files`, by file and name; what can't be read has none."""
    found: dict[tuple[str, str], int] = {}
    for file in files:
        path = (root / file).resolve()
        if not path.is_relative_to(root):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.setdefault((file, node.name), node.lineno)
    return found
