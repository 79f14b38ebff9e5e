"""A project with a remote repository, as a hosted one has."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.harness.project import Project

_IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def with_remote(folder: Path, pyproject: str) -> Project:
    """Return a project in `folder`/project; its origin is the bare repository `folder`/origin.git."""
    root = folder / "project"
    root.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder / "origin.git")], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    subprocess.run(["git", "remote", "add", "origin", str(folder / "origin.git")], cwd=root, check=True)
    (root / "pyproject.toml").write_text(pyproject)
    return Project(root)


def pushed(root: Path, message: str, branch: str = "main") -> None:
    """Commit everything and push it to `branch` of the remote repository."""
    for command in (
        ["add", "-A"],
        [*_IDENTITY, "commit", "-q", "--allow-empty", "-m", message],
        ["push", "-q", "origin", f"HEAD:{branch}"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
