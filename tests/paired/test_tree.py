"""Another revision is there while it's needed, and the user's own tree is never touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.paired.conftest import Repository

from paceline.errors import RevisionError
from paceline.paired.tree import checked_out, fork_point, resolve


def test_the_revision_is_there_and_gone_afterwards(repository: Repository) -> None:
    """With its own content, while the user's uncommitted work stays as it is."""
    first = repository.commit("one", app="ONE = 1\n")
    repository.commit("two", app="TWO = 2\n")
    (repository.root / "app.py").write_text("not committed\n")
    with checked_out(repository.root, first) as tree:
        assert tree.commit == first
        assert (tree.root / "app.py").read_text() == "ONE = 1\n"
        assert str(tree.top) in repository.git("worktree", "list")
    assert not tree.top.exists()
    assert len(repository.git("worktree", "list").splitlines()) == 1
    assert (repository.root / "app.py").read_text() == "not committed\n"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_it_goes_away_whatever_happens(repository: Repository, error: type[BaseException]) -> None:
    """An error or Ctrl-C leaves nothing behind."""
    repository.commit("one", app="")
    seen: list[Path] = []

    def fails() -> None:
        with checked_out(repository.root, "HEAD") as tree:
            seen.append(tree.top.parent)
            raise error

    with pytest.raises(error):
        fails()
    assert [path.exists() for path in seen] == [False]
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_a_project_below_the_repositorys_root(repository: Repository) -> None:
    """Its folder in the checkout is the one that corresponds."""
    repository.commit("one", services__shop__app="")
    with checked_out(repository.root / "services" / "shop", "main") as tree:
        assert tree.root == tree.top / "services" / "shop"
        assert (tree.root / "app.py").exists()


def test_hooks_of_the_user_stay_out(repository: Repository, tmp_path: Path) -> None:
    """A hook for the user's own checkouts doesn't run for ours."""
    repository.commit("one", app="")
    hook = repository.root / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    with checked_out(repository.root, "HEAD"):
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["nowhere", "--help", "main^{tree}", ""])
def test_a_revision_that_does_not_exist(repository: Repository, name: str) -> None:
    """The error names it and says what to do; options of git aren't revisions."""
    repository.commit("one", app="")
    with pytest.raises(RevisionError, match=r"there is no commit") as caught:
        resolve(repository.root, name)
    assert "Fetch it first" in caught.value.hint


def test_a_shallow_clone_is_named_as_the_reason(repository: Repository, tmp_path: Path) -> None:
    """Continuous integration clones like this, and the remedy is another one than for a typo."""
    first = repository.commit("one", app="")
    repository.commit("two", app="2")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", repository.root.as_uri(), str(clone)],
        check=True,
        capture_output=True,
    )
    with pytest.raises(RevisionError) as caught:
        resolve(clone, first)
    assert "shallow" in caught.value.hint


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """The error says so, not what git printed."""
    with pytest.raises(RevisionError, match="not in a git repository"):
        resolve(tmp_path, "main")


def test_the_base_of_a_branch_is_where_it_left_the_other(repository: Repository) -> None:
    """What has happened on the other branch since then isn't compared."""
    fork = repository.commit("one", app="")
    repository.git("switch", "-qc", "feature")
    repository.commit("mine", app="1")
    repository.git("switch", "-q", "main")
    repository.commit("theirs", app="2")
    repository.git("switch", "-q", "feature")
    assert fork_point(repository.root, "main") == fork
