"""Which version of the project is being run, as git says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from paceline.model.environment import Revision


def revision(root: Path) -> Revision | None:
    """Return the checked-out revision of the repository around `root`; None outside of a repository."""
    # Both at once: each takes longer than Python needs to start it.
    status = _start(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    # A user's settings may print signatures in between.
    log = _start(root, "-c", "log.showSignature=false", "log", "-1", "--format=%H%n%cI")
    head, state = _said(log), _said(status)
    if not head:
        return None
    commit, committed_at = head.splitlines()
    branch, dirty = parse_status(state or "")
    return Revision(commit=commit, branch=branch, dirty=dirty, committed_at=committed_at)


def parse_status(text: str) -> tuple[str | None, bool]:
    """Return the branch, None on a detached head, and whether files differ from the commit.

    Args:
        text: what `git status --porcelain=v2 --branch` prints.
    """
    branch, dirty = None, False
    for line in text.splitlines():
        if line.startswith("# branch.head "):
            name = line.removeprefix("# branch.head ")
            branch = None if name == "(detached)" else name
        dirty = dirty or not line.startswith("#")
    return branch, dirty


def _start(root: Path, *arguments: str) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            ["git", "--no-optional-locks", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return None


def _said(git: subprocess.Popen[str] | None) -> str | None:
    if git is None:
        return None
    # No timeout: waiting with one calls `time.sleep`, which the tests may have patched by now.
    text, _ = git.communicate()
    return text if git.returncode == 0 else None
