"""`paceline comment`, against a server that answers as GitHub does."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.harness.project import Project

from paceline.model.verdict import State, SuiteFinding, SuiteVerdict, Verdict
from paceline.store.verdict_file import MOST_BYTES, verdict_text

HEAD = "a" * 40
MARKER = "<!-- paceline: heavy-tests -->"
EVENT = {
    "workflow_run": {
        "id": 7,
        "html_url": "https://github.test/runs/7",
        "head_sha": HEAD,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "ann"}},
    }
}


def zipped(content: bytes, name: str = "verdict.json") -> bytes:
    """Return an archive with one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@dataclass
class FakeGitHub:
    """The part of GitHub that is asked."""

    artifact: bytes = b""
    pulls: list[dict[str, Any]] = field(default_factory=lambda: [{"number": 3, "head": {"sha": HEAD}}])
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    storage_authorization: list[str | None] = field(default_factory=list)
    address: str = ""
    storage: str = ""


def serve(github: FakeGitHub) -> ThreadingHTTPServer:
    """Return a server that answers for `github`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Be quiet."""

        def answer(self, content: object) -> None:
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            github.requests.append(("GET", path))
            if path.endswith("/artifacts"):
                self.answer({"artifacts": [{"id": 9, "name": "paceline-verdict", "expired": False}]})
            elif path.endswith("/zip"):
                self.send_response(302)
                self.send_header("Location", f"{github.storage}/blob")
                self.end_headers()
            elif path == "/blob":
                github.storage_authorization.append(self.headers["Authorization"])
                self.answer(github.artifact)
            elif path.endswith("/pulls"):
                self.answer(github.pulls)
            else:
                self.answer(github.comments)

        def write(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            github.requests.append((self.command, self.path))
            user = {"login": "github-actions[bot]"}
            if self.command == "POST":
                github.comments.append({"id": 100 + len(github.comments), "user": user, **body})
            else:
                number = int(self.path.rpartition("/")[2])
                next(one for one in github.comments if one["id"] == number).update(body)
            self.answer({"html_url": "https://github.test/comment"})

        do_POST = do_PATCH = write  # noqa: N815  the names that the library asks for

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A repository with one open pull request, whose artifacts lie on another host."""
    fake = FakeGitHub()
    servers = [serve(fake), serve(fake)]
    fake.address, fake.storage = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    yield fake
    for server in servers:
        server.shutdown()
        server.server_close()


def comment(project: Project, github: FakeGitHub) -> Any:
    """Run the command as the workflow does."""
    event = project.root / "event.json"
    event.write_text(json.dumps(EVENT))
    return project.paceline(
        "comment",
        GITHUB_API_URL=github.address,
        GITHUB_REPOSITORY="o/r",
        GITHUB_TOKEN="secret",
        GITHUB_EVENT_PATH=str(event),
    )


def verdict(*, what: str = "tests/t.py::test", state: State = "regressed") -> bytes:
    """Return a verdict with one finding."""
    finding = SuiteFinding(word="regressed", what=what, before="1", after="9", change="+8", why=what)
    suite = SuiteVerdict(suite="schema", state=state, sentence=what, tests=3, findings=(finding,))
    return verdict_text(Verdict(commit=HEAD, suites=(suite,))).encode()


def test_there_is_one_comment_and_it_is_edited(project: Project, github: FakeGitHub) -> None:
    """The second run changes what the first has said; a stranger's comment with the marker is left alone."""
    github.comments.append({"id": 1, "user": {"login": "eve"}, "body": f"{MARKER}\nmine"})
    github.artifact = zipped(verdict())
    assert comment(project, github).returncode == 0
    github.artifact = zipped(verdict(state="passed"))
    assert comment(project, github).returncode == 0
    stranger, ours = github.comments
    assert stranger["body"] == f"{MARKER}\nmine"
    assert "✅" in ours["body"]
    assert [method for method, _ in github.requests if method != "GET"] == ["POST", "PATCH"]


def test_the_token_stays_with_the_api(project: Project, github: FakeGitHub) -> None:
    """An artifact is fetched from another host, which gets no secret."""
    github.artifact = zipped(verdict())
    comment(project, github)
    assert github.storage_authorization == [None]


def test_a_newer_commit_is_not_talked_over(project: Project, github: FakeGitHub) -> None:
    """Which pull request it is, and at which commit it stands, the API says and not the artifact."""
    github.artifact = zipped(verdict())
    github.pulls = [{"number": 3, "head": {"sha": "b" * 40}}]
    done = comment(project, github)
    assert (done.returncode, github.comments) == (0, [])
    assert "nothing to say" in done.stdout


HOSTILE = [
    "@everyone see https://evil.test",
    "<script>alert(1)</script>",
    "` @ann ` #1",
    "a | b \\| @ann",
    "[x](javascript:1) ![](http://evil.test)",
    "line\n## heading",
    "<!-- paceline: heavy-tests -->",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_within_code(project: Project, github: FakeGitHub, text: str) -> None:
    """Outside of code spans nothing is left that GitHub would make a link, a mention or markup of."""
    import re

    github.artifact = zipped(verdict(what=text))
    assert comment(project, github).returncode == 0
    body = github.comments[0]["body"].removeprefix(MARKER)
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", body)
    outside = outside.replace("https://github.test/runs/7", "")
    for sign in ("@", "evil", "script", "javascript", "ann", "## heading", "<!--"):
        assert sign not in outside


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"schema_version": 1, "extra": 1}',
        b'{"schema_version": 2}',
        b'{"schema_version": 1, "commit": "HEAD; rm -rf"}',
        b"[" * 5000,
        b'{"schema_version": 1, "suites": [{"suite": "s", "state": "fine", "sentence": ""}]}',
        b'{"schema_version": 1, "suites": [{"suite": "s", "state": "passed", "sentence": "", "wall": NaN}]}',
        b" " * (MOST_BYTES + 1),
    ],
)
def test_what_is_no_verdict_is_refused(project: Project, github: FakeGitHub, content: bytes) -> None:
    """Nothing is said on the word of such a file."""
    github.artifact = zipped(content)
    done = comment(project, github)
    assert (done.returncode, github.comments) == (4, [])
    assert "(unreadable-file)" in done.stderr


def test_an_archive_with_other_files_is_refused(project: Project, github: FakeGitHub) -> None:
    """Names in an archive can lead anywhere; only one is known, and nothing is written to disk."""
    github.artifact = zipped(b"x", "../../evil")
    assert comment(project, github).returncode == 4
