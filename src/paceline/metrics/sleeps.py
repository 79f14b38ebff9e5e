"""Sleeping: `time.sleep`, which holds a thread up, and `asyncio.sleep`, which holds up who awaits it."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from paceline.clock import CLOCK
from paceline.metrics.base import Probe
from paceline.metrics.counts import COUNTS
from paceline.metrics.imports import ARRIVALS
from paceline.metrics.tally import Replacement, Tally, where
from paceline.model.metric import Metric

_PLACE = COUNTS.places(2)
_TALLY = Tally("sleep", probe=_PLACE, count=_PLACE, seconds=_PLACE + 1)
_REPLACED: list[Replacement] = []


def _blocking(original: Any) -> Any:
    def sleep(seconds: Any, /) -> None:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            original(seconds)
        finally:
            _TALLY.attempt(_note, "time.sleep", seconds, CLOCK.counter() - began)

    return sleep


def _awaiting(original: Any) -> Any:
    async def sleep(delay: Any, result: Any = None) -> Any:
        __tracebackhide__ = True
        began = CLOCK.counter()
        try:
            return await original(delay, result)
        finally:
            _TALLY.attempt(_note, "asyncio.sleep", delay, CLOCK.counter() - began)

    return sleep


def _note(what: str, wanted: Any, seconds: float) -> None:
    if not wanted:
        return  # a way to let others have a turn
    place = where(3)
    # A library's thread that looks now and then whether there is something to do delays nobody.
    if place is not None or threading.current_thread() is threading.main_thread():
        _TALLY.note(what, seconds, place)


def _with_asyncio() -> None:
    tasks = sys.modules["asyncio.tasks"]
    replacement = Replacement(tasks, "sleep", _awaiting)
    _REPLACED.append(replacement)
    asyncio = sys.modules["asyncio"]
    if vars(asyncio).get("sleep") is not vars(tasks)["sleep"]:
        new = vars(tasks)["sleep"]
        _REPLACED.append(Replacement(asyncio, "sleep", lambda _: new))


def _install() -> None:
    _REPLACED.append(Replacement(time, "sleep", _blocking))
    ARRIVALS.when_imported("asyncio", lambda: _TALLY.attempt(_with_asyncio))


def _uninstall() -> None:
    ARRIVALS.forget("asyncio")
    while _REPLACED:
        _REPLACED.pop().undo()


PROBE = Probe(
    metrics=(
        Metric(
            name="sleeps",
            unit="1",
            noise="counted",
            sparse=True,
            description="Calls of time.sleep and asyncio.sleep for more than 0 seconds.",
        ),
        Metric(
            name="sleep_time",
            unit="s",
            sparse=True,
            description="Seconds slept; coroutines that sleep at the same time count each.",
        ),
    ),
    place=_PLACE,
    install=_install,
    uninstall=_uninstall,
)
