"""Sockets that are connected, and names of hosts that are looked up."""

from __future__ import annotations

from typing import Any

from paceline.metrics import audit
from paceline.metrics.addresses import host_name, is_name, socket_address
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.tally import Tally, where
from paceline.model.metric import Metric

_PLACE = COUNTS.places(2)
_CONNECTS = Tally("connect", probe=_PLACE, count=_PLACE)
_LOOKUPS = Tally("dns", probe=_PLACE, count=_PLACE + 1)
_DNS_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname")


def _connect(arguments: tuple[Any, ...]) -> None:
    _CONNECTS.attempt(_note_connect, arguments[1])


def _note_connect(address: Any) -> None:
    _CONNECTS.note(socket_address(address), -1.0, where(4))


def _look_up(arguments: tuple[Any, ...]) -> None:
    _LOOKUPS.attempt(_note_look_up, arguments[0])


def _note_look_up(host: Any) -> None:
    if is_name(host):
        _LOOKUPS.note(host_name(host), -1.0, where(4))


def _install() -> None:
    audit.listen("socket.connect", _connect)
    for event in _DNS_EVENTS:
        audit.listen(event, _look_up)


def _uninstall() -> None:
    for event in ("socket.connect", *_DNS_EVENTS):
        audit.ignore(event)


PROBE = Probe(
    metrics=(
        Metric(
            name="socket_connects",
            unit="1",
            noise="counted",
            sparse=True,
            description="Sockets that Python code connected; a driver in C, such as libpq, isn't seen.",
        ),
        Metric(
            name="dns_lookups",
            unit="1",
            noise="counted",
            sparse=True,
            description="Names of hosts that were looked up.",
        ),
    ),
    place=_PLACE,
    install=_install,
    uninstall=_uninstall,
)
