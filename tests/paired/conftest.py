"""A repository with two commits of a small project."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Repository:
    """A git repository in a temporary folder."""

    root: Path

    def git(self, *arguments: str) -> str:
        """Run git in it and return what it says."""
        settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *settings, *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Write files, whose names have `__` for a slash and end in .py, commit them, and return the hash."""
        for name, content in files.items():
            path = self.root / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository with the branch `main`."""
    root = tmp_path / "project"
    root.mkdir()
    made = Repository(root)
    made.git("init", "-q", "-b", "main")
    return made
