"""What git says of a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from paceline.model.environment import Revision
from paceline.record.revision import parse_status, revision

_GIT = ("git", "-c", "user.name=N", "-c", "user.email=n@e", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder` and return what it prints."""
    done = subprocess.run([*_GIT, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def found_in(folder: Path) -> Revision:
    """Return the revision of the repository around `folder`."""
    found = revision(folder)
    assert found is not None
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_the_commit_that_is_checked_out(repository: Path) -> None:
    """Its hash, its time and its branch, also from a folder within and in another worktree."""
    found = found_in(repository)
    assert found.commit == git(repository, "rev-parse", "HEAD")
    assert found.committed_at == git(repository, "log", "-1", "--format=%cI")
    assert (found.branch, found.dirty) == ("main", False)
    (repository / "inner").mkdir()
    assert revision(repository / "inner") == found
    git(repository, "worktree", "add", "-q", "-b", "feature/x", str(repository / "tree"))
    other = found_in(repository / "tree")
    assert (other.commit, other.branch) == (found.commit, "feature/x")


def test_changed_files_make_it_dirty(repository: Path) -> None:
    """In the working tree or staged; files that git doesn't know don't count."""
    (repository / "new").write_text("1")
    assert found_in(repository).dirty is False
    (repository / "file").write_text("2")
    assert found_in(repository).dirty is True
    git(repository, "add", "file")
    assert found_in(repository).dirty is True


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    """As in most checkouts of a CI."""
    git(repository, "checkout", "-q", "--detach")
    found = found_in(repository)
    assert found.branch is None


def test_there_is_none_outside_of_a_repository_or_before_the_first_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where git isn't installed."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert revision(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision(tmp_path) is None


def test_a_file_that_looks_like_a_header_is_a_change() -> None:
    """A renamed one, in the second form of git's status."""
    text = "# branch.oid 1\n# branch.head topic\n1 .M N... 100644 100644 100644 1 1 # branch.head x\n"
    assert parse_status(text) == ("topic", True)
