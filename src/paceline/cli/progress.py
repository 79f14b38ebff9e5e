"""Shows how a profile gets on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paceline.masking import masked
from paceline.model.profile import MEASURED_STATUSES
from paceline.profile.plan import Step
from paceline.profile.result import StepResult
from paceline.profile.runner import Progress as Advance
from paceline.report.words import count, seconds

_LINE_EVERY = 30.0  # seconds


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """One line when a step begins, when it ends, and now and then in between."""

    def __init__(self, console: Console, expected: Mapping[str, float], steps: tuple[Step, ...]) -> None:
        """Write to `console`; `expected` holds the seconds that a run of each suite took last time."""
        self._console = console
        self._expected = expected
        self._left = list(steps)
        self._spoke_at = 0.0
        self._step: Step | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put away."""

    def started(self, step: Step, at: int, of: int) -> None:
        """Say what begins, and how long everything will take."""
        self._step = step
        self._spoke_at = time.monotonic()
        remaining = self._remaining(0.0)
        about = f", about {seconds(remaining)} left" if remaining is not None else ""
        self._say(f"[{at}/{of}] {step.suite.name}, round {step.round}{about}")

    def advanced(self, progress: Advance) -> None:
        """Say every half a minute how far it is."""
        if time.monotonic() - self._spoke_at >= _LINE_EVERY:
            self._spoke_at = time.monotonic()
            self._say(f"  {how_far(progress)}, {seconds(progress.elapsed)}")

    def ended(self, result: StepResult) -> None:
        """Say how it ended, and show what pytest listed as slowest."""
        self._left.pop(0)
        self._say(f"  {how_it_ended(result)}")
        if result.step.round == 1 and result.status in MEASURED_STATUSES and result.durations():
            self._console.print(result.durations(), markup=False, highlight=False, soft_wrap=True)
        if result.status not in MEASURED_STATUSES or result.status == "tests_failed":
            tail = masked("\n".join(result.output().splitlines()[-30:]))
            self._console.print(tail, markup=False, highlight=False, soft_wrap=True)
            self._say(f"  all of pytest's output: {result.log}")

    def warned(self, message: str) -> None:
        """Show a warning."""
        self._say(f"warning: {message}")

    def _remaining(self, elapsed: float) -> float | None:
        """Return the seconds that the steps left will take; None if a suite was never profiled."""
        known = [self._expected.get(step.suite.name) for step in self._left]
        if not known or any(one is None for one in known):
            return None
        return max(0.0, sum(one for one in known if one is not None) - elapsed)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveProgress(PlainProgress):
    """A bar that says which suite and round is running, how far, and how long it will still take."""

    def __init__(self, console: Console, expected: Mapping[str, float], steps: tuple[Step, ...]) -> None:
        """See `PlainProgress`."""
        super().__init__(console, expected, steps)
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

    def started(self, step: Step, at: int, of: int) -> None:
        """Begin a new bar."""
        self._bar.reset(
            self._task,
            description=f"[{at}/{of}] {step.suite.name}, round {step.round}".replace("[", r"\["),
            total=None,
            far="starting",
            left="",
        )

    def advanced(self, progress: Advance) -> None:
        """Move the bar."""
        remaining = self._remaining(progress.elapsed)
        left = f"about {seconds(remaining)} left" if remaining is not None else ""
        self._bar.update(
            self._task, completed=progress.done, total=progress.total, far=how_far(progress), left=left
        )


def new_bar(console: Console) -> Progress:
    """Return a bar that goes away at the end; its tasks have the fields `far` and `left`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[far]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
    )


def how_far(progress: Advance) -> str:
    """Return how many tests have run."""
    if progress.total is None:
        return "collecting"
    return f"{progress.done} of {count(progress.total, 'test')}"


def how_it_ended(result: StepResult) -> str:
    """Return in one line what became of a step."""
    took = seconds(result.end.duration)
    ran = count(len(result.run.tests), "test") if result.run is not None else "no test"
    status = result.status.replace("_", " ")
    reason = f": {result.reason}" if result.reason else ""
    return f"{result.step.suite.name}: {status} in {took}, {ran}{reason}"
