"""Shows how a gate gets on: which pair of which suite, and how long it can still take."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from rich.console import Console

from paceline.cli.progress import new_bar
from paceline.profile.runner import Progress as Advance
from paceline.report.words import count, seconds

_LINE_EVERY = 30.0  # seconds


class PlainWatcher:
    """One line for each stage, and one now and then in between."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._console = console
        self._spoke_at = time.monotonic()

    def said(self, message: str) -> None:
        """Show a sentence."""
        self._say(message)

    def pair(self, suite: str, suspects: int, number: int, of: int, left: float) -> None:
        """Show which pair begins; the ones in between go unsaid for a while."""
        text = f"{suite}: {told(suspects, number, of)}{_left(left)}"
        if number in (1, of // 2 + 1) or time.monotonic() - self._spoke_at >= _LINE_EVERY:
            self._say(text)

    def advanced(self, progress: Advance) -> None:
        """Nothing: a process is short."""

    def _say(self, text: str) -> None:
        self._spoke_at = time.monotonic()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveWatcher(PlainWatcher, AbstractContextManager["LiveWatcher"]):
    """A bar over the pairs of a suite, with the tests of the running process behind it."""

    def __init__(self, console: Console) -> None:
        """See `PlainWatcher`."""
        super().__init__(console)
        self._bar = new_bar(console)
        self._task = self._bar.add_task("", total=None, far="", left="")

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def said(self, message: str) -> None:
        """Begin a new bar."""
        self._bar.reset(self._task, description=message, total=None, far="", left="")

    def pair(self, suite: str, suspects: int, number: int, of: int, left: float) -> None:
        """Move the bar."""
        self._bar.update(
            self._task,
            description=f"{suite}: {told(suspects, number, of)}",
            completed=number - 1,
            total=of,
            left=_left(left).removeprefix(", "),
        )

    def advanced(self, progress: Advance) -> None:
        """Show how far the running process is."""
        far = "collecting" if progress.total is None else f"{progress.done}/{progress.total}"
        self._bar.update(self._task, far=far)


def told(suspects: int, number: int, of: int) -> str:
    """Return what a pair is for; without suspects, for all tests."""
    for_what = f"{count(suspects, 'suspicious figure')}, " if suspects else ""
    return f"{for_what}pair {number} of at most {of}"


def _left(left: float) -> str:
    return f", at most {seconds(left)} left" if left else ""
