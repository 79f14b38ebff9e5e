"""From the event of a finished workflow to its verdict, its pull request, and the one comment there."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any, cast

from paceline.ci.github_api import GitHub
from paceline.errors import GitHubError, UnreadableFileError
from paceline.store.verdict_file import MOST_BYTES

ARTIFACT = "paceline-verdict"
_MEMBER = "verdict.json"
MARKER = "<!-- paceline: heavy-tests -->"
#: Who comments with a workflow's own token.
_BOT = "github-actions[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run of the workflow that profiles, as GitHub's event tells; nothing of it is the pull request's word.

    Attributes:
        number: of the run.
        head_owner: who owns the repository that the change comes from.
    """

    number: int
    url: str
    head_sha: str
    head_owner: str
    head_branch: str


def finished_run(event: object) -> FinishedRun:
    """Return the run that `event` is about.

    Raises:
        GitHubError: it is the event of something else.
    """
    try:
        run = cast("dict[str, Any]", cast("dict[str, Any]", event)["workflow_run"])
        return FinishedRun(
            number=int(run["id"]),
            url=str(run["html_url"]),
            head_sha=str(run["head_sha"]),
            head_owner=str(run["head_repository"]["owner"]["login"]),
            head_branch=str(run["head_branch"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GitHubError(
            f"the event is not that of a finished workflow: {error}",
            hint="Run it in a workflow that begins with 'on: workflow_run'.",
        ) from error


def artifact(github: GitHub, run: FinishedRun) -> bytes | None:
    """Return the verdict that the run has left, unread; None if it left none.

    Raises:
        UnreadableFileError: it isn't one small file in an archive.
        GitHubError: see `GitHub`.
    """
    found = [
        one
        for one in github.pages(f"/actions/runs/{run.number}/artifacts", "artifacts", name=ARTIFACT)
        if one.get("name") == ARTIFACT and not one.get("expired")
    ]
    if not found:
        return None
    newest = max(found, key=lambda one: int(one["id"]))
    return unpacked(github.download(f"/actions/artifacts/{int(newest['id'])}/zip", MOST_BYTES))


def unpacked(archive: bytes) -> bytes:
    """Return the one file in `archive`, and no more of it than a verdict may have.

    Raises:
        UnreadableFileError: it is no archive, or holds something else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.namelist() != [_MEMBER]:
                raise UnreadableFileError(f"the artifact {ARTIFACT} holds something else than {_MEMBER}")
            with opened.open(_MEMBER) as file:
                return file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UnreadableFileError(f"the artifact {ARTIFACT} can't be unpacked: {error}") from error


def pull_request(github: GitHub, run: FinishedRun) -> int | None:
    """Return the number of the open pull request whose newest commit was measured; None if there is none."""
    head = f"{run.head_owner}:{run.head_branch}"
    for one in github.pages("/pulls", state="open", head=head):
        if one.get("head", {}).get("sha") == run.head_sha:
            return int(one["number"])
    return None


def put_comment(github: GitHub, number: int, text: str) -> str:
    """Edit the comment that an earlier run has made, or make one; return its address.

    A comment of anybody else is left alone, also if it has the marker.
    """
    body = {"body": f"{MARKER}\n{text}"}
    for one in github.pages(f"/issues/{number}/comments"):
        if one.get("user", {}).get("login") == _BOT and str(one.get("body", "")).startswith(MARKER):
            found = github.send("PATCH", f"/issues/comments/{int(one['id'])}", body)
            return str(found.get("html_url", ""))
    return str(github.send("POST", f"/issues/{number}/comments", body).get("html_url", ""))
