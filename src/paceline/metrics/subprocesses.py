"""Processes that are started, and waiting for them."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from paceline.clock import CLOCK
from paceline.metrics import audit
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.imports import ARRIVALS
from paceline.metrics.tally import Replacement, Tally, where
from paceline.model.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE = COUNTS.places(2)
_TALLY = Tally("subprocess", probe=_PLACE, count=_PLACE)
_WAITED = Tally("subprocess", probe=_PLACE, seconds=_PLACE + 1)
_REPLACED: list[Replacement] = []
#: Ids of processes that somebody waits for now: to communicate with one is to wait for it, too.
_WAITING: set[int] = set()


def program(arguments: Any) -> str:
    """Return the name of the program that `arguments` start: nothing else of them, but for Python's module.

    Args:
        arguments: a command line, or its parts.
    """
    parts: Sequence[Any] = arguments.split() if isinstance(arguments, str | bytes) else arguments
    words = [_text(part) for part in parts[:3]]
    if not words:
        return "unknown"
    name = PurePath(words[0]).name
    if name.startswith("python") and len(words) == 3 and words[1] == "-m":
        return f"{name} -m {words[2]}"
    return name


def _text(part: Any) -> str:
    return part.decode(errors="backslashreplace") if isinstance(part, bytes) else str(part)


def _popen(arguments: tuple[Any, ...]) -> None:
    _TALLY.attempt(_note, arguments[1])


def _spawn(arguments: tuple[Any, ...]) -> None:
    # subprocess may use it, and has told of it before.
    if sys._getframe(2).f_globals.get("__name__") != "subprocess":  # pyright: ignore[reportPrivateUsage]
        _TALLY.attempt(_note, (arguments[0],))


def _fork(_: tuple[Any, ...]) -> None:
    _TALLY.attempt(_note, ("fork",))


def _system(arguments: tuple[Any, ...]) -> None:
    _TALLY.attempt(_note, arguments[0])


def _note(arguments: Any) -> None:
    _TALLY.note(program(arguments), -1.0, where(4))


def _waiting(original: Any) -> Any:
    def wait(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if self.returncode is not None or id(self) in _WAITING:
            return original(self, *arguments, **options)
        _WAITING.add(id(self))
        began = CLOCK.counter()
        try:
            return original(self, *arguments, **options)
        finally:
            seconds = CLOCK.counter() - began
            _WAITING.discard(id(self))
            _WAITED.attempt(_note_waited, self.args, seconds)

    return wait


def _note_waited(arguments: Any, seconds: float) -> None:
    _WAITED.note(f"wait for {program(arguments)}", seconds, where(3))


_EVENTS = {
    "subprocess.Popen": _popen,
    "os.posix_spawn": _spawn,
    "os.fork": _fork,
    "os.forkpty": _fork,
    "os.system": _system,
}


def _with_subprocess() -> None:
    popen = sys.modules["subprocess"].Popen
    _REPLACED.extend(Replacement(popen, name, _waiting) for name in ("wait", "communicate"))


def _install() -> None:
    for event, listener in _EVENTS.items():
        audit.listen(event, listener)
    ARRIVALS.when_imported("subprocess", lambda: _WAITED.attempt(_with_subprocess))


def _uninstall() -> None:
    ARRIVALS.forget("subprocess")
    for event in _EVENTS:
        audit.ignore(event)
    while _REPLACED:
        _REPLACED.pop().undo()


PROBE = Probe(
    metrics=(
        Metric(
            name="subprocesses",
            unit="1",
            noise="counted",
            sparse=True,
            description="Processes that were started, forks among them.",
        ),
        Metric(
            name="subprocess_time",
            unit="s",
            sparse=True,
            description="Waiting for the end of subprocesses, and for what they write.",
        ),
    ),
    place=_PLACE,
    install=_install,
    uninstall=_uninstall,
)
