"""How an address is written down: without what may be secret, and the same from run to run. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

_LONGEST = 300
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - compared, not bound
#: Ports that a system gives to a server that asked for none begin here.
_FIRST_EPHEMERAL = 32768
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NAME_OF_ONE = re.compile(r"\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}")
_NUMERIC = re.compile(r"[\d.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*(?:%.*)?")


def host_and_port(host: str, port: object) -> str:
    """Return `host:port`; `*` for a port on this machine that is another one each time."""
    if ":" in host:
        host = f"[{host}]"
    if isinstance(port, int) and port >= _FIRST_EPHEMERAL and host.strip("[]") in _LOOPBACK:
        port = "*"
    return f"{host}:{port}"


def socket_address(address: Any) -> str:
    """Return what the address of a socket is called: `host:port`, or `unix:NAME`."""
    if isinstance(address, tuple):
        parts = cast("tuple[object, ...]", address)
        return host_and_port(host_name(parts[0]), parts[1]) if len(parts) > 1 else "unknown"
    if isinstance(address, str | bytes):
        return f"unix:{_text(address).rpartition('/')[2]}"[:_LONGEST]
    return "unknown"


def host_name(host: Any) -> str:
    """Return the name of a host without the user and password that libraries leave before it."""
    return _text(host).rpartition("@")[2]


def is_name(host: Any) -> bool:
    """Tell whether a host has to be looked up; addresses don't."""
    text = host_name(host) if isinstance(host, str | bytes) else ""
    return bool(text) and _NUMERIC.fullmatch(text) is None


def request(method: str, scheme: str, host: str, port: int | None, path: str) -> str:
    """Return method and address of an HTTP request.

    Neither query nor fragment is kept, nor who one is, and `*` stands for numbers and the like in the path.
    """
    if "://" in path:  # to a proxy
        scheme, _, rest = path.partition("://")
        netloc, _, path = rest.partition("/")
        host, port = _split(netloc)
    bare = re.split(r"[?#;]", path, maxsplit=1)[0]
    segments = ["*" if _NAME_OF_ONE.fullmatch(segment) else segment for segment in bare.split("/")]
    where = host_name(host)
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        where = host_and_port(where, port)
    return f"{method} {scheme}://{where}/{'/'.join(segments).lstrip('/')}"[:_LONGEST]


def _split(netloc: str) -> tuple[str, int | None]:
    host = re.split(r"[?#]", netloc, maxsplit=1)[0].rpartition("@")[2]
    name, _, port = host.rpartition(":")
    return (name.strip("[]"), int(port)) if name and port.isdecimal() else (host, None)


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
