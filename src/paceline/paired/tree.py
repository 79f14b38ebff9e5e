"""Another revision of the project in a folder of its own, which goes away whatever happens."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from paceline.errors import RevisionError

_PREFIX = "paceline-base-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A checked-out revision.

    Attributes:
        root: the project's folder in it; below the repository's own in a repository of many projects.
        top: the folder of the checkout.
        commit: full hash.
        name: the revision as the user named it.
    """

    root: Path
    top: Path
    commit: str
    name: str


def resolve(root: Path, revision: str) -> str:
    """Return the full hash of the commit that `revision` names in the repository around `root`.

    Raises:
        RevisionError: there is no repository, or no such commit in it.
    """
    try:
        inside = _git(root, "rev-parse", "--is-inside-work-tree")
    except RevisionError as error:
        raise RevisionError(
            f"{root} is not in a git repository", hint="A base revision can only be checked out of one."
        ) from error
    assert inside
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except RevisionError:
        shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
        hint = "The clone is shallow: fetch more of the history (git fetch --unshallow)." if shallow else ""
        raise RevisionError(
            f"there is no commit {revision!r} in this repository",
            hint=hint or "Fetch it first, or name another: a branch, a tag or a hash.",
        ) from None


def fork_point(root: Path, branch: str, head: str = "HEAD") -> str:
    """Return the last commit that `head` and `branch` have in common.

    Raises:
        RevisionError: `branch` doesn't exist, or they have none.
    """
    other = resolve(root, branch)
    try:
        return _git(root, "merge-base", other, head)
    except RevisionError as error:
        raise RevisionError(
            f"{head} and {branch!r} have no commit in common",
            hint="Name the base itself: a branch, a tag or a hash.",
        ) from error


def between(root: Path, good: str, bad: str) -> tuple[str, ...]:
    """Return the commits after `good` up to `bad` along the first parents, oldest first.

    Raises:
        RevisionError: one of them doesn't exist, or `good` is not an ancestor of `bad`.
    """
    first, last = resolve(root, good), resolve(root, bad)
    if _git(root, "merge-base", first, last) != first:
        raise RevisionError(
            f"{good} is not an ancestor of {bad}",
            hint="Name as good a commit that the bad one was made from.",
        )
    return tuple(_git(root, "rev-list", "--first-parent", "--reverse", f"{first}..{last}").split())


def described(root: Path, commit: str) -> str:
    """Return short hash, date, author and subject of a commit on one line."""
    return _git(root, "show", "--no-patch", "--format=%h %cs %an: %s", commit)


@contextmanager
def checked_out(root: Path, revision: str) -> Generator[Tree]:
    """Yield `revision` in a temporary folder outside of the user's, whose own files are not touched.

    Raises:
        RevisionError: it can't be checked out.
    """
    commit = resolve(root, revision)
    prefix = _git(root, "rev-parse", "--show-prefix")
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    top = folder / "tree"
    try:
        # No hooks: they are the user's, and for the user's own checkouts.
        _git(
            root, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", str(top), commit
        )
        yield Tree(root=top / prefix, top=top, commit=commit, name=revision)
    finally:
        with _undisturbed():
            _put_away(root, top)
            shutil.rmtree(folder, ignore_errors=True)


def _put_away(root: Path, top: Path) -> None:
    """Make git forget the worktree in `top`, and no other: one that can't be reached now is the user's."""
    with suppress(RevisionError):
        # Twice forced: also one that is locked.
        _git(root, "worktree", "remove", "--force", "--force", str(top))
        return
    # Its making was interrupted, so git doesn't take it for one; see gitrepository-layout(5).
    with suppress(RevisionError, OSError):
        common = root / _git(root, "rev-parse", "--git-common-dir")
        for file in common.glob("worktrees/*/gitdir"):
            if Path(file.read_text().strip()).parent == top:
                shutil.rmtree(file.parent)


@contextmanager
def _undisturbed() -> Generator[None]:
    """Let an impatient second Ctrl-C wait until everything has been put away."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, which alone hears of signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise RevisionError("git can't be run", hint="Install git.") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RevisionError(f"git {arguments[0]} failed: {said[-1] if said else done.returncode}")
    return done.stdout.strip()
