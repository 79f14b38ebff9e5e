"""Which version of the project is being run, as git says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from paceline.model.environment import Revision


def revision(root: Path) -> Revision | None:
    """Return the checked-out revision of the repository around `root`; None outside of a repository."""
    # A user's settings may print signatures in between.
    head = _git(root, "-c", "log.showSignature=false", "log", "-1", "--format=%H%n%cI")
    if not head:
        return None
    commit, committed_at = head.splitlines()
    branch = _git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return Revision(
        commit=commit,
        branch=branch.strip() or None if branch is not None else None,
        dirty=bool(changes and changes.strip()),
        committed_at=committed_at,
    )


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            # No timeout: waiting with one calls `time.sleep`, which the tests may have patched by now.
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
