"""The little of GitHub's REST API that a comment needs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from paceline.errors import GitHubError

_PAGE, _MOST_PAGES = 100, 30
_TIMEOUT = 30  # seconds
_MOST_BYTES = 16 * 1024 * 1024


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps the token from the storage host that an artifact is redirected to."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Follow without the token where the host is another one."""
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            request.remove_header("Authorization")
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """A repository on a server.

    Attributes:
        api: address of the REST API, such as "https://api.github.com".
        repository: "owner/name".
    """

    api: str
    repository: str
    token: str

    def get(self, path: str, **query: str | int) -> Any:
        """Return what the API says; `path` begins behind the repository.

        Raises:
            GitHubError: it refuses, can't be reached, or doesn't answer in JSON.
        """
        return self._json("GET", f"{path}?{urlencode(query)}" if query else path)

    def pages(self, path: str, member: str = "", **query: str | int) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages of a list."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.get(path, per_page=_PAGE, page=page, **query)
            items = cast("list[dict[str, Any]]", found[member] if member else found)
            yield from items
            if len(items) < _PAGE:
                return

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Create or change something and return it."""
        return self._json(method, path, json.dumps(body).encode())

    def download(self, path: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes.

        Raises:
            GitHubError: it is larger, besides what `get` raises.
        """
        content = self._open("GET", path, None, limit + 1)
        if len(content) > limit:
            raise GitHubError(
                f"{path} has more than {limit} bytes", hint="No verdict of Paceline is so large."
            )
        return content

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        content = self._open(method, path, body, _MOST_BYTES)
        try:
            return json.loads(content)
        except ValueError as error:
            raise GitHubError(
                f"GitHub's answer to {method} {path} is no JSON", hint="Run the job again."
            ) from error

    def _open(self, method: str, path: str, body: bytes | None, limit: int) -> bytes:
        request = urllib.request.Request(  # noqa: S310  the address is the runner's own
            f"{self.api}/repos/{self.repository}{path}",
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "paceline",
                **({"Content-Type": "application/json"} if body is not None else {}),
            },
        )
        try:
            with urllib.request.build_opener(_Redirects).open(request, timeout=_TIMEOUT) as answer:
                return bytes(answer.read(limit))
        except urllib.error.HTTPError as error:
            raise GitHubError(
                f"GitHub refuses {method} {path}: {error.code} {error.reason}",
                hint="The job needs 'pull-requests: write' and 'actions: read', and GITHUB_TOKEN.",
            ) from error
        except OSError as error:
            raise GitHubError(
                f"GitHub can't be reached at {self.api}: {error}", hint="Run the job again."
            ) from error
