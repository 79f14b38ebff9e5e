"""Run files of the main branch on a branch of their own: one commit without a parent, replaced as a whole.

Files are never changed, so when two jobs push at once, the one that comes second takes what the first has
pushed and tries again; nothing is merged and nothing is lost. Old files leave the repository with the commit
that held them.
"""

from __future__ import annotations

import base64
import os
import random
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paceline.errors import HistoryError
from paceline.masking import masked
from paceline.store.state_folder import HISTORY_BRANCH

_REF = f"refs/heads/{HISTORY_BRANCH}"
_ATTEMPTS = 8
_PATIENCE = 300  # seconds
_SUITE = re.compile(r"Z-(?P<suite>.+)-r\d+-[0-9a-f]+\.jsonl")
_FILE = re.compile(r"[\w.,@+=-]+\.jsonl(?:\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the branch holds.

    Attributes:
        commit: its only commit; None if there is no such branch.
        blobs: file name to the name of its content.
    """

    commit: str | None
    blobs: Mapping[str, str]


def newest(names: Sequence[str], number: int) -> tuple[str, ...]:
    """Return the `number` newest files of each suite, sorted; a name begins with the time of its run."""
    by_suite: dict[str, list[str]] = {}
    for name in sorted(names):
        found = _SUITE.search(name)
        by_suite.setdefault(found["suite"] if found else "", []).append(name)
    return tuple(sorted(name for members in by_suite.values() for name in members[-number:]))


def fetch(root: Path, into: Path, number: int, remote: str) -> int:
    """Put the `number` newest run files of each suite into `into`; return how many there are.

    Raises:
        HistoryError: the remote repository can't be reached.
    """
    kept = _kept(root, remote)
    names = newest([name for name in kept.blobs if _FILE.fullmatch(name)], number)
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.jsonl*"):
        if old.name not in names:
            old.unlink()
    for name in names:
        if not (into / name).exists():
            (into / name).write_bytes(_git(root, "cat-file", "blob", kept.blobs[name]))
    return len(names)


def push(root: Path, files: Sequence[Path], number: int, remote: str) -> int:
    """Add `files` to the branch, keep the `number` newest of each suite, and return how many are new there.

    Raises:
        HistoryError: the remote repository can't be reached, or refuses.
    """
    blobs = {path.name: _git(root, "hash-object", "-w", "--", str(path)).decode().strip() for path in files}
    for attempt in range(_ATTEMPTS):
        kept = _kept(root, remote)
        new = {name: blob for name, blob in blobs.items() if name not in kept.blobs}
        if not new:
            return 0
        everything = {**kept.blobs, **new}
        runs = newest([name for name in everything if _FILE.fullmatch(name)], number)
        lines = "".join(f"100644 blob {everything[name]}\t{name}\n" for name in runs)
        tree = _git(root, "mktree", given=lines.encode()).decode().strip()
        message = "Run files of the main branch, kept by `paceline history push`"
        commit = _git(root, *_author(), "commit-tree", tree, "-m", message).decode().strip()
        lease = f"--force-with-lease={_REF}:{kept.commit or ''}"
        done = _run(root, "push", "--quiet", lease, remote, f"{commit}:{_REF}")
        if done.returncode == 0:
            return len(new)
        # A server that refuses for good says "remote rejected".
        if not any(word in done.stderr for word in (b"stale info", b"[rejected]", b"lock")):
            raise _failure("can't be pushed to", remote, done)
        time.sleep(random.uniform(0.1, 0.5) * (attempt + 1))  # noqa: S311  only spreads jobs in time
    raise HistoryError(
        f"the history could not be pushed in {_ATTEMPTS} attempts, as others push all the time",
        hint="Run the job again.",
    )


def _kept(root: Path, remote: str) -> Kept:
    listed = _run(root, "ls-remote", "--exit-code", remote, _REF)
    if listed.returncode == 2:
        return Kept(commit=None, blobs={})
    if listed.returncode != 0:
        raise _failure("can't be read from", remote, listed)
    commit = listed.stdout.split()[0].decode()
    fetched = _run(root, "fetch", "--quiet", "--no-tags", "--depth=1", remote, commit)
    if fetched.returncode != 0:
        raise _failure("can't be fetched from", remote, fetched)
    entries = _git(root, "ls-tree", "-z", commit).decode().split("\0")
    parts = [entry.partition("\t") for entry in entries if entry]
    return Kept(commit=commit, blobs={name: meta.split()[2] for meta, _, name in parts})


def _author() -> tuple[str, ...]:
    return ("-c", "user.name=paceline", "-c", "user.email=paceline@localhost", "-c", "commit.gpgSign=false")


def _git(root: Path, *arguments: str, given: bytes | None = None) -> bytes:
    done = _run(root, *arguments, given=given)
    if done.returncode != 0:
        raise _failure("can't be kept in", str(root), done)
    return done.stdout


def _run(root: Path, *arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments],
            input=given if given is not None else b"",
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **_credentials(os.environ)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HistoryError(f"git can't be run: {error}", hint="Install git.") from error


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what lets git log in with the job's token, which stands in no file and on no command line."""
    token = environment.get("GITHUB_TOKEN")
    if not token:
        return {}
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    at = int(environment.get("GIT_CONFIG_COUNT", "0") or 0)
    return {
        "GIT_CONFIG_COUNT": str(at + 1),
        f"GIT_CONFIG_KEY_{at}": f"http.{server}/.extraheader",
        f"GIT_CONFIG_VALUE_{at}": f"AUTHORIZATION: basic {secret}",
    }


def _failure(what: str, remote: str, done: subprocess.CompletedProcess[bytes]) -> HistoryError:
    said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
    refused = [line.strip() for line in said if "[remote rejected]" in line]
    return HistoryError(
        f"the history {what} {masked(remote)}: {masked([*said, *refused][-1])}",
        hint="On GitHub the job needs GITHUB_TOKEN, and 'contents: write' to push; on GitLab, a project that "
        "allows Git push requests with the job's token.",
    )
