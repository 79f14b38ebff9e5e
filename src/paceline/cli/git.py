"""What git knows of a project."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_PATIENCE = 30  # seconds
_HUNK = re.compile(r"@@ -\S+ \+(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit in short."""

    name: str
    author: str
    subject: str


def show(root: Path, revision: str, path: str) -> str | None:
    """Return the content of a file, relative to `root`, in a revision; None if git has no such thing."""
    return _git(root, "show", f"{revision}:./{path}")


def resolve(root: Path, revision: str) -> str | None:
    """Return the full hash of a revision; None if there is none of that name."""
    name = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return None if name is None else name.strip()


def prefix(root: Path) -> str:
    """Return the folder of `root` within its repository, with a slash at its end; empty at the top."""
    return (_git(root, "rev-parse", "--show-prefix") or "").strip()


def author(root: Path) -> str | None:
    """Return the name and address that a commit would have; None if git doesn't know."""
    text = _git(root, "config", "user.email")
    return text.strip() if text else None


def commits(root: Path, since: str, until: str, files: tuple[str, ...]) -> tuple[Commit, ...]:
    """Return the commits after `since` up to `until` that touched one of `files`, the newest first."""
    if not files:
        return ()
    text = _git(root, "log", "--format=%h%x00%an%x00%s", f"{since}..{until}", "--", *files)
    lines = [line.split("\0") for line in (text or "").splitlines()]
    return tuple(Commit(name=name, author=who, subject=subject) for name, who, subject in lines)


def changed_lines(root: Path, since: str, until: str | None) -> dict[str, list[tuple[int, str]]]:
    """Return number and text of the lines that are new in each changed file, by its path relative to `root`.

    Args:
        until: a revision; None: the working tree.
    """
    text = _git(
        root, "diff", "-U0", "--no-color", "--no-ext-diff", "--no-prefix", "--relative", since,
        *([until] if until else []), "--",
    )  # fmt: skip
    found: dict[str, list[tuple[int, str]]] = {}
    lines: list[tuple[int, str]] = []
    number = 0
    for before, line in pairwise(["", *(text or "").splitlines()]):
        if line.startswith("+++ ") and before.startswith("--- "):
            lines = found.setdefault(line[4:], [])
        elif hunk := _HUNK.match(line):
            number = int(hunk[1])
        elif line.startswith("+"):
            lines.append((number, line[1:]))
            number += 1
    return found


def messages(root: Path, since: str) -> tuple[tuple[str, str], ...]:
    """Return author and message of each commit after `since`."""
    text = _git(root, "log", "--format=%ae%x00%B%x01", f"{since}..HEAD") or ""
    parts = [part.strip().partition("\0") for part in text.split("\1") if part.strip()]
    return tuple((who, message) for who, _, message in parts)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
