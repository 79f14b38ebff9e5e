"""HTTP requests, of `http.client` and what builds on it (urllib3, requests), httpx and aiohttp.

A request ends when its response's head is there. One that is answered within the process counts like any
other if its client is httpx, such as Starlette's TestClient; a mock in the place of a client sends nothing.
"""

from __future__ import annotations

import sys
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from paceline.clock import CLOCK
from paceline.metrics.addresses import request
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.imports import ARRIVALS
from paceline.metrics.tally import Replacement, Tally, where
from paceline.model.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACE = COUNTS.places(2)
_TALLY = Tally("http", probe=_PLACE, count=_PLACE, seconds=_PLACE + 1)
_REPLACED: list[Replacement] = []
#: Method, path and beginning of the requests that wait for their responses.
_SENT: weakref.WeakKeyDictionary[Any, tuple[str, str, float]] = weakref.WeakKeyDictionary()


def _putting(original: Any) -> Any:
    def putrequest(self: Any, method: Any, url: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        _TALLY.attempt(_SENT.__setitem__, self, (str(method), str(url), CLOCK.counter()))
        return original(self, method, url, *arguments, **options)

    return putrequest


def _getting(original: Any) -> Any:
    def getresponse(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        try:
            return original(self, *arguments, **options)
        finally:
            _TALLY.attempt(_note_response, self)

    return getresponse


def _note_response(connection: Any) -> None:
    sent = _SENT.pop(connection, None)
    if sent is not None:
        method, path, began = sent
        scheme = "https" if connection.default_port == 443 else "http"
        # Behind a proxy, the connection itself leads to the proxy.
        host = getattr(connection, "_tunnel_host", None) or connection.host
        port = connection.port if host == connection.host else getattr(connection, "_tunnel_port", None)
        _TALLY.note(request(method, scheme, str(host), port, path), CLOCK.counter() - began, where(3))


def _sending(original: Any) -> Any:
    def send(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return original(self, request, *arguments, **options)
        finally:
            _TALLY.attempt(_note_request, request, CLOCK.counter() - began)

    return send


def _sending_async(original: Any) -> Any:
    async def send(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return await original(self, request, *arguments, **options)
        finally:
            _TALLY.attempt(_note_request, request, CLOCK.counter() - began)

    return send


def _requesting_async(original: Any) -> Any:
    async def _request(self: Any, method: Any, str_or_url: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return await original(self, method, str_or_url, *arguments, **options)
        finally:
            _TALLY.attempt(_note_joined, self, method, str_or_url, CLOCK.counter() - began)

    return _request


def _note_request(sent: Any, seconds: float) -> None:
    url = sent.url
    what = request(str(sent.method), str(url.scheme), str(url.host), url.port, str(url.path))
    _TALLY.note(what, seconds, where(3))


def _note_joined(session: Any, method: Any, url: Any, seconds: float) -> None:
    joined = session._build_url(url)
    what = request(str(method), joined.scheme, str(joined.host), joined.explicit_port, joined.path)
    _TALLY.note(what, seconds, where(3))


def _with_http_client() -> None:
    connection = sys.modules["http.client"].HTTPConnection
    _REPLACED.append(Replacement(connection, "putrequest", _putting))
    _REPLACED.append(Replacement(connection, "getresponse", _getting))


def _with_httpx(name: str) -> None:
    module = sys.modules[name]
    _REPLACED.append(Replacement(module.Client, "send", _sending))
    _REPLACED.append(Replacement(module.AsyncClient, "send", _sending_async))


def _with_aiohttp() -> None:
    _REPLACED.append(Replacement(sys.modules["aiohttp"].ClientSession, "_request", _requesting_async))


_LIBRARIES: dict[str, Callable[[], None]] = {
    "http.client": _with_http_client,
    "httpx": partial(_with_httpx, "httpx"),
    "httpx2": partial(_with_httpx, "httpx2"),
    "aiohttp": _with_aiohttp,
}


def _install() -> None:
    for name, work in _LIBRARIES.items():
        ARRIVALS.when_imported(name, partial(_TALLY.attempt, work))


def _uninstall() -> None:
    for name in _LIBRARIES:
        ARRIVALS.forget(name)
    while _REPLACED:
        _REPLACED.pop().undo()


PROBE = Probe(
    metrics=(
        Metric(
            name="http_requests",
            unit="1",
            noise="counted",
            sparse=True,
            description="HTTP requests that were sent, also to an application in the same process.",
        ),
        Metric(
            name="http_time",
            unit="s",
            sparse=True,
            description="Waiting for the heads of HTTP responses; requests at the same time count each.",
        ),
    ),
    place=_PLACE,
    install=_install,
    uninstall=_uninstall,
)
