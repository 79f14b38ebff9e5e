"""Python's audit events, told to whoever asked for one of them.

A hook can't be taken away again, so there is one, it's added when the first event is asked for, and an event
that nobody asked for costs a look into a dictionary.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Listener = Callable[[tuple[Any, ...]], None]

_LISTENERS: dict[str, Listener] = {}
_ADDED: list[bool] = []


def listen(event: str, listener: Listener) -> None:
    """Have `listener` called with the arguments of `event`; what it raises would prevent the event."""
    _LISTENERS[event] = listener
    if not _ADDED:
        _ADDED.append(True)
        sys.addaudithook(_hook)


def ignore(event: str) -> None:
    """Listen no longer."""
    _LISTENERS.pop(event, None)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LISTENERS:
        _LISTENERS[event](arguments)
